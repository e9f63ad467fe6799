CREATE OR REPLACE VIEW eventlog.sums AS
SELECT partition, topic, total
FROM {schema}.sums;
