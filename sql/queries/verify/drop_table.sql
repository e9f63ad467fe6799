DROP TABLE {schema}.{table}
