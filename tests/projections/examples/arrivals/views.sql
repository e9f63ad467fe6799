CREATE OR REPLACE VIEW eventlog.arrivals AS
SELECT partition, position, topic, items
FROM {schema}.arrivals;
