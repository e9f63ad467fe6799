# The first keys of a new log, each in a file of its own; a file that is there stays. Written whole or not at all.
set -eu
cd /var/lib/eventlog
make_key() {
    [ -s "$1" ] && return
    file=$1
    shift
    eventlog keys create "$file" "$@" > "$file.new"
    mv "$file.new" "$file"
}
umask 077
make_key first_key --scope publish --scope read --scope subscribe --scope sql --scope operate --scope metrics --scope keys
# Prometheus runs as somebody else.
umask 022
make_key metrics_key --scope metrics
