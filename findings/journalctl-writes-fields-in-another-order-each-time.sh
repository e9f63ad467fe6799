#!/bin/sh
# Expected: `journalctl -o json` writes an entry as the same text whenever it is asked, since entries never change.
# Seen: the order of the fields is another one in every run, for every entry. In systemd 252.38 (Debian 12: systemd,
# libsystemd-shared and systemd-journal-remote 252.38-1~deb12u1).
# For users: who compares or hashes the lines, to know an entry that comes again, takes each for a new one or for a
# changed one. __CURSOR identifies an entry; contents are compared as JSON, or with sorted keys.
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
mkdir journal
printf '__REALTIME_TIMESTAMP=1761040800000001\n__MONOTONIC_TIMESTAMP=1\nPRIORITY=6\nMESSAGE=m\nA=1\nB=2\n%s\n\n' \
    _BOOT_ID=0123456789abcdef0123456789abcdef |
    root/lib/systemd/systemd-journal-remote --output=journal/a.journal - >/dev/null 2>&1
for run in 1 2 3 4 5 6 7 8; do root/bin/journalctl -D journal -q -o json >"run$run"; done
texts=$(cat run? | sort -u | wc -l)
values=$(for run in run?; do tr ',{}' '\n\n\n' <"$run" | sort | md5sum; done | sort -u | wc -l)
if [ "$texts" -gt 1 ] && [ "$values" = 1 ]; then
    echo "252.38: one entry, asked for eight times, comes as $texts different texts of the same fields"
else
    echo "that has changed: $texts texts, $values sets of fields"
    exit 1
fi
