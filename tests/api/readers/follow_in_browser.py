"""Follow a stream with a browser's own EventSource: python follow_in_browser.py READER URL.

It comes back by itself, but for where it is refused.
"""

import sys
from urllib.parse import urljoin

from tests.api.console.running import running_browser

# Where it gives up, as on a refusal, it begins anew from the last place, as docs/following.md says.
FOLLOW = """
(url) => {
  let place = "";
  const follow = () => {
    const stream = new EventSource(place ? `${url}?cursor=${encodeURIComponent(place)}` : url);
    stream.addEventListener("place", (message) => {
      place = message.lastEventId;
      tell("place");
    });
    stream.onmessage = (message) => {
      place = message.lastEventId;
      const { partition, position } = JSON.parse(message.data);
      tell(`${partition}:${position}`);
    };
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 100);
    };
  };
  follow();
}
"""


def follow(url: str) -> None:
    with running_browser() as browser:
        page = browser.new_page()
        page.expose_function("tell", lambda line: print(line, flush=True))
        # A page of the API's own origin, with nothing on it that asks anything.
        page.goto(urljoin(url, "/docs"))
        page.evaluate(FOLLOW, url)
        page.wait_for_event("close", timeout=0)


follow(sys.argv[2])
