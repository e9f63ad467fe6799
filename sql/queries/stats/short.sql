-- name: plan
-- Room for the counts of 100,000 topics: with less, they are sorted out on disk. And in one process: parallel
-- ones hand over partial sums of nearly all topics, which took longer than to add them up, on two cores.
SELECT set_config('work_mem', '64MB', true),
       set_config('max_parallel_workers_per_gather', '0', true)
