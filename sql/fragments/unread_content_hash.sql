-- The content hash of a delivery that intake has not read, as intake makes it.
CASE WHEN jsonb_typeof(event.payload) = 'object' AND event.source IS NOT NULL
     THEN hashtextextended(event.payload::text, hashtextextended(event.source, 0))
     ELSE eventlog.indigestible('source is missing, or payload is no JSON object')::bigint
END
