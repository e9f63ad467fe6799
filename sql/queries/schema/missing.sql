-- Tables, keys, indexes and identities of the schema eventlog that are not there, or not valid: pg_restore
-- goes on after an error, and leaves out the object that it was about. What a CREATE TABLE brings along
-- (columns, defaults, checks) is not asked for, nor functions and grants, which every migrate makes anew.
WITH expected (kind, name) AS (
    VALUES ('table', 'acts'), ('table', 'attempts'), ('table', 'claims'), ('table', 'console_statements'), ('table', 'failures'),
           ('table', 'inbox'), ('table', 'ingest_definitions'), ('table', 'key_certificates'), ('table', 'key_changes'), ('table', 'key_days'), ('table', 'key_secrets'), ('table', 'key_uses'), ('table', 'keys'),
           ('table', 'operations'), ('table', 'outbox'), ('table', 'outbox_claim'),
           ('table', 'partitions'), ('table', 'projection_versions'), ('table', 'projections'),
           ('table', 'quarantine'), ('table', 'refused_publishes'), ('table', 'retries'),
           ('table', 'schema_migrations'), ('table', 'steps'), ('table', 'worker_sessions'),
           ('key', 'acts.act_in_order'), ('key', 'attempts.attempt_at_a_claim'), ('key', 'claims.claim_of_a_version'),
           ('key', 'claims.claim_of_one_partition'), ('key', 'console_statements.console_statement_in_order'),
           ('key', 'failures.failure_at_moment'), ('key', 'inbox.delivery_by_position'),
           ('key', 'ingest_definitions.ingest_definition_by_version'), ('key', 'key_certificates.key_certificate_by_fingerprint'), ('key', 'key_certificates.key_certificate_of_key'), ('key', 'key_changes.key_changes_are_one_row'), ('key', 'key_days.key_day_in_order'), ('key', 'key_secrets.key_secret_by_digest'),
           ('key', 'key_secrets.key_secret_of_key'), ('key', 'key_uses.key_use_by_key'), ('key', 'key_uses.key_use_of_key'), ('key', 'keys.key_by_id'), ('key', 'operations.operation_by_id'), ('key', 'outbox.outbox_in_order'),
           ('key', 'outbox_claim.one_outbox_claim'), ('key', 'partitions.partitions_by_number'),
           ('key', 'projection_versions.version_belongs_to_projection'),
           ('key', 'projection_versions.version_of_projection'), ('key', 'projections.live_version_exists'),
           ('key', 'projections.projection_by_name'), ('key', 'quarantine.quarantined_delivery'),
           ('key', 'refused_publishes.refused_in_order'), ('key', 'retries.retry_in_order'),
           ('key', 'schema_migrations.migration_by_version'), ('key', 'steps.step_by_first_position'),
           ('key', 'worker_sessions.worker_session_by_id'),
           ('index', 'key_certificates.key_certificates_by_key'), ('index', 'key_secrets.key_secrets_by_key'), ('index', 'keys.keys_whose_day_is_not_whole'), ('index', 'operations.one_change_and_one_check'), ('index', 'operations.operations_by_start'),
           ('index', 'quarantine.quarantine_by_event'),
           ('identity', 'acts.number'), ('identity', 'console_statements.id'), ('identity', 'key_days.id'), ('identity', 'outbox.id'), ('identity', 'refused_publishes.id'),
           ('identity', 'worker_sessions.id')
), ours AS (
    SELECT c.oid, c.relname FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('eventlog') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
), present (kind, name) AS (
    SELECT 'table', o.relname::text FROM ours AS o
    UNION ALL
    -- The key of a partitioned table is valid once each partition has it.
    SELECT 'key', format('%s.%s', o.relname, k.conname)
    FROM ours AS o
    JOIN pg_constraint AS k ON k.conrelid = o.oid AND k.contype IN ('p', 'u', 'x', 'f')
    JOIN pg_index AS i ON i.indexrelid = k.conindid AND i.indisvalid
    UNION ALL
    SELECT 'index', format('%s.%s', o.relname, x.relname)
    FROM ours AS o
    JOIN pg_index AS i ON i.indrelid = o.oid AND i.indisvalid
    JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.oid)
    UNION ALL
    SELECT 'identity', format('%s.%s', o.relname, a.attname)
    FROM ours AS o
    JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attidentity <> '' AND NOT a.attisdropped
)
SELECT e.kind || ' ' || e.name AS name FROM expected AS e
EXCEPT
SELECT p.kind || ' ' || p.name FROM present AS p
ORDER BY name
