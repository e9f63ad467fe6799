-- Pages of this database whose checksum was wrong when somebody read them; NULL without checksums.
SELECT checksum_failures AS pages, checksum_last_failure AS last_at
FROM pg_stat_database
WHERE datname = current_database()
