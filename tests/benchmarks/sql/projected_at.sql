-- When the transaction that projected an event was committed: from then on everybody's queries find it.
SELECT partition, position, extract(epoch FROM pg_xact_commit_timestamp(xmin))::double precision AS moment
FROM core_1.events
