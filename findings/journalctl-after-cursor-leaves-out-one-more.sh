#!/bin/sh
# Expected: `journalctl --after-cursor=C` shows every entry behind C; where the journal has C no more, since it was
# vacuumed, it goes on with the first entry that it has.
# Seen: where C is gone, the first entry that it has is left out, with no word and exit code 0. In systemd 252.38
# (Debian 12: systemd, libsystemd-shared and systemd-journal-remote 252.38-1~deb12u1).
# For users: a shipper that keeps a cursor and stays away until the journal was vacuumed loses one entry more than it
# had to, and is told nothing. --cursor=C shows C, or the first that there is: compare its __CURSOR with C.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=252.38-1~deb12u1
apt-get download -qq "systemd=$version" "libsystemd-shared=$version" "systemd-journal-remote=$version" \
    libmicrohttpd12 >/dev/null 2>&1 || {
    echo "cannot have systemd $version"
    exit 2
}
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/lib/x86_64-linux-gnu/systemd:$folder/root/usr/lib/x86_64-linux-gnu/systemd:$folder/root/usr/lib/x86_64-linux-gnu"
write() { # FIRST LAST: a journal with these entries
    rm -rf journal && mkdir journal
    for number in $(seq "$1" "$2"); do
        printf '__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n' $((1761040800000000 + number)) "$number"
        printf '_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=m%d\n\n' "$number"
    done | root/lib/systemd/systemd-journal-remote --output=journal/a.journal - >/dev/null 2>&1
}
read_on() { root/bin/journalctl -D journal -q -o cat "$@" | tr '\n' ' '; }
write 1 3
cursor=$(root/bin/journalctl -D journal -q -o json -n 1 | sed 's/.*"__CURSOR":"\([^"]*\)".*/\1/')
write 7 9
seen="$(read_on "--after-cursor=$cursor")and with --cursor $(read_on "--cursor=$cursor")"
case "$seen" in
"m8 m9 and with --cursor m7 m8 m9 ")
    echo "252.38: the journal has m7 m8 m9, and --after-cursor of an entry before them shows m8 m9" ;;
*) echo "that has changed: $seen"; exit 1 ;;
esac
