-- One hash of each relation and partition, whatever the order of rows: two hashes of each row, added up.
SELECT relation, partition, count(*) AS rows,
       md5(concat_ws(' ', count(*), sum(hashtextextended(content, 0)), sum(hashtextextended(content, 1)))) AS hash
FROM ({content}) AS rows
GROUP BY relation, partition
ORDER BY relation, partition
