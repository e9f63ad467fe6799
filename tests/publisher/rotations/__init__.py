"""Random schedules of a writer, of rotation, and of kills: every line once, or the loss is named.

    python -m tests.publisher.rotations --schedules 2000        goes on after the seeds in the results
    python -m tests.publisher.rotations --seed 17               plays one again, and says what it does

A schedule is a list of steps that its seed decides (`schedule`). Nothing in it is timed: who waits, waits
for a condition. The shipper is `eventlog ship` as a process, the API and PostgreSQL are real, and a proxy
between them kills one of them, or cuts the connection, at the nth request (`strikes`). In the end every
line that was written is held against the log (`verdict`).
"""
