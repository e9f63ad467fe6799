-- Partitions with texts that this server cannot read: compressed by lz4, in a server that was built without it,
-- as after pg_upgrade from one with it. The oldest and the newest are looked at, and nothing is unpacked.
SELECT p.partition
FROM eventlog.partitions AS p
WHERE (SELECT NOT 'lz4' = ANY (s.enumvals) FROM pg_settings AS s WHERE s.name = 'default_toast_compression')
  AND EXISTS (
      SELECT
      FROM (
          (SELECT i.raw FROM eventlog.inbox AS i WHERE i.partition = p.partition ORDER BY i.position LIMIT 200)
          UNION ALL
          (SELECT i.raw FROM eventlog.inbox AS i WHERE i.partition = p.partition ORDER BY i.position DESC LIMIT 200)
      ) AS looked_at
      WHERE pg_column_compression(looked_at.raw) = 'lz4'
  )
ORDER BY p.partition
