"""What routes share while the process runs: caches, throttles, waiters, work in the background."""
