#!/bin/sh
# Expected: a query parameter that cannot be encoded as UTF-8 is an error, as in urllib.parse.urlencode and httpx.
# Seen: yarl, and with it aiohttp's params=, leaves the lone surrogate out without a word: what Python makes of a byte
# of an argument or of a file's name that is no UTF-8. ?name=a\udcffb is sent as ?name=ab. In yarl 1.25.1.
# For users: a client asks for another thing than it was told to, and shows the answer as if it were the right one.
# We encode the values once ourselves before they are handed over (eventlog/terminal/client.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" yarl==1.25.1 >/dev/null 2>&1 || { echo "cannot have yarl==1.25.1"; exit 2; }
seen=$(PYTHONPATH=$folder python3 -c 'import yarl; print(yarl.URL("http://log.example/").with_query(name="a\udcffb"))' 2>&1 | tail -1)
echo "yarl 1.25.1: $seen"
[ "$seen" = "http://log.example/?name=ab" ]
