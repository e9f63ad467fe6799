SELECT clock_timestamp() AS now, NULL::timestamptz AS newest
