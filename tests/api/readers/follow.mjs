// Follow a stream with one of npm's readers, which comes back by itself: node follow.mjs READER URL.
// Prints `place` for each place, and partition:position for each event. Where a reader gives up, it begins anew
// from the last place, as docs/following.md says.

const [reader, url] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const take = (data) => {
  const { partition, position } = JSON.parse(data);
  say(`${partition}:${position}`);
};

async function eventsource() {
  const { EventSource } = await import("eventsource");
  let place = "";
  const follow = () => {
    const stream = new EventSource(place ? `${url}?cursor=${encodeURIComponent(place)}` : url);
    stream.addEventListener("place", (message) => {
      place = message.lastEventId;
      say("place");
    });
    stream.onmessage = (message) => {
      place = message.lastEventId;
      take(message.data);
    };
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 100);
    };
  };
  follow();
}

async function eventsourceClient() {
  const { createEventSource } = await import("eventsource-client");
  createEventSource({
    url,
    onMessage: ({ event, data }) => (event === "place" ? say("place") : (event ?? "message") === "message" && take(data)),
  });
}

async function launchdarkly() {
  const { EventSource } = (await import("launchdarkly-eventsource")).default;
  const stream = new EventSource(url, { initialRetryDelayMillis: 100, maxRetryDelayMillis: 500 });
  stream.addEventListener("place", () => say("place"));
  stream.addEventListener("message", (message) => take(message.data));
  stream.onerror = () => {};
}

await { eventsource, "eventsource-client": eventsourceClient, "launchdarkly-eventsource": launchdarkly }[reader]();
