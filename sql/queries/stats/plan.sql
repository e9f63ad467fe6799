-- Room for the counts of 100,000 topics: with less, they are sorted out on disk.
SELECT set_config('work_mem', '64MB', true)
