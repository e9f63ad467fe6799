-- Which delivery was the first of an event, and forget that it was.
DELETE FROM {schema}.seen
WHERE partition = %(partition)s AND topic = %(topic)s AND event_id = %(event_id)s
RETURNING position
