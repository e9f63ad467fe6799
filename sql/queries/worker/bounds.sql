-- A statement of its own, after the claim was granted: its snapshot has the last holder's step.
SELECT eventlog.checkpoint_of(%(projection)s, %(version)s, %(partition)s) AS checkpoint,
       eventlog.head_of(%(partition)s) AS head
