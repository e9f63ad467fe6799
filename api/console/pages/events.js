// The events: filtered, a page at a time, one of them in full beside the list, or live.

import { html } from "../vendor/preact.js";
import { plural } from "../format.js";
import { useKeys } from "../keys.js";
import { useRead } from "../reading.js";
import { readPage } from "../requests.js";
import { go } from "../routing.js";
import { Copy } from "../ui/parts.js";
import { Empty, Read } from "../ui/states.js";
import { Event } from "./event.js";
import { EventTable, keyOf } from "./event_table.js";
import { Filters } from "./filters.js";
import { Tail } from "./tail.js";

const LIMIT = 50;
const DIRECTIONS = { asc: "oldest first", desc: "newest first", position: "in log order" };

// Which page came before the one of a cursor; an address alone cannot tell.
const before = new Map();

export function Events({ parameters }) {
  const { show_topic: topic, show_id: eventId, follow, ...rest } = parameters;
  const show = (event) =>
    go(
      "events",
      { ...parameters, show_topic: event?.topic, show_id: event?.event_id },
      { replace: Boolean(eventId) },
    );
  useKeys({
    f: () =>
      go(
        "events",
        follow
          ? { topic: rest.topic, source: rest.source }
          : { topic: rest.topic, source: rest.source, follow: "1" },
      ),
    ...(eventId ? { Escape: () => show(null) } : {}),
  });
  const chosen = topic && eventId ? keyOf({ topic, event_id: eventId }) : null;
  return html`
    <header class="page-head"><h1>Events</h1></header>
    <${Filters} parameters=${rest} follow=${Boolean(follow)} />
    <div class=${chosen ? "split open" : "split"}>
      ${
        follow
          ? html`<${Tail} key="tail" topic=${rest.topic} source=${rest.source} show=${show} chosen=${chosen} />`
          : html`<${List} key="list" parameters=${rest} show=${show} chosen=${chosen} />`
      }
      ${chosen && html`<${Event} key=${chosen} topic=${topic} eventId=${eventId} onClose=${() => show(null)} />`}
    </div>
  `;
}

function List({ parameters, show, chosen }) {
  const order = parameters.order ?? "desc";
  const wanted = { ...parameters, order, limit: LIMIT };
  const answer = useRead("events", wanted, { with: readPage });
  const items = answer.data?.items ?? [];
  const next = answer.data?.next ?? null;
  const turn = (cursor) => {
    before.set(cursor, parameters.cursor ?? null);
    go("events", { ...parameters, cursor });
  };
  const hasNext = next !== null;
  const step = (by) => {
    const index = items.findIndex((item) => keyOf(item) === chosen);
    const item = items[Math.max(0, Math.min(items.length - 1, index + by))];
    if (item) show(item);
  };
  useKeys({ j: () => step(1), k: () => step(-1), ...(hasNext ? { n: () => turn(next) } : {}) });
  return html`<section aria-label="Events" class="list">
    <${Read} of=${answer} what="Reading events">${() => html`
      ${
        items.length
          ? html`<${EventTable} events=${items} show=${show} chosen=${chosen} />`
          : html`<${Nothing} parameters=${parameters} goesOn=${hasNext} />`
      }
      <${Pager} ...${{ parameters, items, hasNext, order }} turn=${() => turn(next)} />`}<//>
  </section>`;
}

function Nothing({ parameters, goesOn }) {
  const filtered = ["topic", "source", "event_id", "since", "until"].some((name) => parameters[name]);
  if (goesOn)
    return html`<${Empty} title="Nothing in this stretch of the log"><p>There may be more further on.</p><//>`;
  if (parameters.cursor) return html`<${Empty} title="This is the end" />`;
  return html`<${Empty} title=${filtered ? "No event is like that" : "There is no event yet"}>
    <p>${
      filtered
        ? "A topic is exact, or a prefix with an asterisk such as order.*; source and id are exact."
        : "The overview shows how to publish one."
    }</p>
  <//>`;
}

function Pager({ parameters, items, hasNext, order, turn }) {
  const { cursor } = parameters;
  const to = (place) => () => go("events", { ...parameters, cursor: place });
  return html`<footer class="pager">
    <span class="faint">${items.length ? `${plural(items.length, "event")}, ${DIRECTIONS[order] ?? order}` : ""}</span>
    <div class="actions">
      ${cursor && html`<button type="button" onClick=${to(null)}>First page</button>`}
      ${before.has(cursor) && html`<button type="button" onClick=${to(before.get(cursor))}>Previous</button>`}
      <button type="button" disabled=${!hasNext} onClick=${turn}>Next</button>
      <${Copy} text=${() => location.href} label="Copy link" />
    </div>
  </footer>`;
}
