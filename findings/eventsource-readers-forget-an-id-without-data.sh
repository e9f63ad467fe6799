#!/bin/sh
# Expected: a block of server-sent events with an id and no data sets the last event id without dispatching anything
# (WHATWG HTML, "interpreting an event stream": the id is taken before it is looked whether there are data), as
# browsers do; so a server can tell an idle reader how far it has come, and the reader comes back with that.
# Seen: eventsource 4.1.0, eventsource-client 1.2.0 and launchdarkly-eventsource 2.2.0 (npm) forget it: they come
# back without Last-Event-ID.
# For users: whoever has had no event yet goes on from "now", and misses what came while the connection was away.
# A place wants a type and data of its own: `event: place`, `id: …`, `data: {}`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
command -v node >/dev/null && command -v npm >/dev/null || { echo "cannot have node"; exit 2; }
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund eventsource@4.1.0 eventsource-client@1.2.0 launchdarkly-eventsource@2.2.0 \
    >/dev/null 2>&1 || { echo "cannot have the packages"; exit 2; }

cat >show.mjs <<'END'
import http from "node:http";
import { EventSource } from "eventsource";
import { createEventSource } from "eventsource-client";
import launchdarkly from "launchdarkly-eventsource";

// What a reader comes back with, after a first answer that has `block` in it.
const comesBackWith = (block, open) =>
  new Promise((resolve) => {
    let requests = 0;
    const server = http.createServer((request, response) => {
      requests += 1;
      if (requests === 2) {
        resolve(request.headers["last-event-id"] ?? "nothing");
        response.destroy();
        server.close();
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`retry: 50\n\n${block}`);
      setTimeout(() => response.end(), 200);
    });
    server.listen(0, "127.0.0.1", () => open(`http://127.0.0.1:${server.address().port}/`));
  });

const READERS = {
  eventsource: (url) => (new EventSource(url).onerror = () => {}),
  "eventsource-client": (url) => createEventSource({ url, onMessage() {} }),
  "launchdarkly-eventsource": (url) =>
    (new launchdarkly.EventSource(url, { initialRetryDelayMillis: 50 }).onerror = () => {}),
};
const seen = [];
for (const [name, open] of Object.entries(READERS)) {
  const alone = await comesBackWith("id: 7\n\n", open);
  const withData = await comesBackWith("event: place\nid: 7\ndata: {}\n\n", open);
  seen.push(`${name}: ${alone} after an id alone, ${withData} after one with data`);
}
console.log(seen.join("; "));
process.exit(seen.every((line) => line.endsWith(": nothing after an id alone, 7 after one with data")) ? 0 : 1);
END
timeout 60 node show.mjs
