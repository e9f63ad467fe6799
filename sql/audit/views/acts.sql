CREATE OR REPLACE VIEW audit.acts AS
SELECT number,
       acted_at,
       act,
       subject,
       who,
       login,
       detail
FROM eventlog.acts;

COMMENT ON VIEW audit.acts IS
    'Who made and changed keys, and who rebuilt, verified, dropped or retried what: never changed.';
COMMENT ON COLUMN audit.acts.number IS 'Grows with every act.';
COMMENT ON COLUMN audit.acts.acted_at IS 'When.';
COMMENT ON COLUMN audit.acts.act IS 'What: key.created, key.revoked, rebuild.begun, rebuild.done and so on.';
COMMENT ON COLUMN audit.acts.subject IS 'The id of the key, or the projection.';
COMMENT ON COLUMN audit.acts.who IS 'Who, as the session said of itself: a key, an address, or a user of a machine.';
COMMENT ON COLUMN audit.acts.login IS 'The login of the database, which no session can choose.';
COMMENT ON COLUMN audit.acts.detail IS 'Of a key its name and scopes; of an operation its id.';
