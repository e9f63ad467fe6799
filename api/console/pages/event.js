// One event: what it says, how often it was delivered, and what became of each delivery.

import { html, useState } from "../vendor/preact.js";
import { bytes, count, plural } from "../format.js";
import { useRead } from "../reading.js";
import { Problem, address, readExactly } from "../requests.js";
import { href } from "../routing.js";
import { Difference } from "../ui/difference.js";
import { Chip, Copy, Given, Section, Time } from "../ui/parts.js";
import { Read } from "../ui/states.js";
import { Tree } from "../ui/tree.js";

const DELIVERIES = 1000;

// A browser takes "." and ".." out of a path, encoded or not: such an event is found in the list, and its
// deliveries by a query.
async function readEvent(path, _, options) {
  const found = await readExactly(path, options);
  if (!Array.isArray(found)) return found;
  const [event] = found;
  if (!event) throw new Problem(404, { code: "event_not_found", detail: "no such event is projected" });
  const { topic, event_id } = event;
  const deliveries = await readExactly(address("deliveries", { topic, event_id, limit: DELIVERIES }), options);
  return { ...event, deliveries, deliveries_complete: deliveries.length < DELIVERIES };
}

function addressOf(topic, eventId) {
  const isDots = /^\.\.?$/.test(topic) || /^\.\.?$/.test(eventId);
  if (isDots) return address("events", { topic, event_id: eventId, limit: 1 });
  return `events/${encodeURIComponent(topic)}/${encodeURIComponent(eventId)}`;
}

export function Event({ topic, eventId, onClose }) {
  const path = addressOf(topic, eventId);
  const answer = useRead(path, {}, { with: readEvent });
  const curl = `curl ${quoted(new URL(path, document.baseURI).href)}`;
  return html`<article class="event" aria-label="Event">
    <header class="event-head">
      <div class="event-name">
        <a class="faint" href=${href("events", { topic })}><${Given}>${topic}<//></a>
        <h2><${Given}>${eventId}<//></h2>
      </div>
      <div class="actions">
        <${Copy} text=${curl} label="Copy as curl" />
        ${onClose && html`<button type="button" class="small" onClick=${onClose} aria-label="Close the event">✕</button>`}
      </div>
    </header>
    ${
      answer.problem && answer.data === null && !answer.problem.isAway
        ? html`<${Absent} problem=${answer.problem} topic=${topic} reload=${answer.reload} />`
        : html`<${Read} of=${answer} what="Reading the event">${(event) => html`<${Facts} event=${event} key=${path} />`}<//>`
    }
  </article>`;
}

function Absent({ problem, topic, reload }) {
  return html`<div class="state empty">
    <p class="state-title">${problem.message}</p>
    ${problem.code === "event_quarantined" && html`<a href=${href("quarantine", { topic })}>To the quarantine</a>`}
    ${problem.code === "event_pending" && html`<button type="button" onClick=${reload}>Look again</button>`}
  </div>`;
}

function Facts({ event }) {
  const { deliveries } = event;
  return html`
    <dl class="facts">
      <div><dt>happened</dt><dd><${Time} at=${event.timestamp} /></dd></div>
      <div><dt>source</dt><dd><${Given}>${event.source}<//></dd></div>
      <div><dt>received</dt><dd><${Time} at=${event.received_at} /></dd></div>
      <div><dt>projected</dt><dd><${Time} at=${event.processed_at} /></dd></div>
      <div><dt>delivered</dt><dd>${event.deliveries_complete ? "" : "more than "}${plural(deliveries.length, "time")}</dd></div>
    </dl>
    <${Payload} event=${event} />
    <${Deliveries} event=${event} />
  `;
}

function Payload({ event }) {
  const [view, setView] = useState("tree");
  const first = `${event.partition}:${event.position}`;
  const views = [
    ["tree", "Tree"],
    ["raw", "As received"],
  ];
  const actions = html`<div class="tabs" role="group" aria-label="How to show it">
    ${views.map(
      ([name, title]) => html`<button type="button" key=${name} class="small" aria-pressed=${view === name}
        onClick=${() => setView(name)}>
        ${title}
      </button>`,
    )}
  </div>`;
  return html`<${Section} title="Payload" id="payload" actions=${actions}>
    ${view === "tree" ? html`<${Tree} value=${event.payload} />` : html`<${Raw} delivery=${first} />`}
  <//>`;
}

export function Raw({ delivery }) {
  const answer = useRead(`deliveries/${delivery}`);
  return html`<${Read} of=${answer} what="Reading the delivery">${(found) => html`
    <p class="raw-head faint">Delivery ${found.delivery}, ${bytes(new Blob([found.raw ?? ""]).size)}
      <${Copy} text=${found.raw ?? ""} what="the text" /></p>
    <pre class="raw" tabindex="0" aria-label="The text as received">${found.raw ?? "(empty)"}</pre>`}<//>`;
}

function Deliveries({ event }) {
  const { deliveries } = event;
  const first = deliveries.find((each) => each.outcome === "unique")?.delivery ?? deliveries[0].delivery;
  const [open, setOpen] = useState(
    () => deliveries.find((each) => each.outcome === "conflict")?.delivery ?? null,
  );
  return html`<${Section} title="Deliveries" id="deliveries">
    <ol class="deliveries">
      ${deliveries.map(
        (each) => html`<li key=${each.delivery}>
          <div class="delivery">
            <span class="code">${each.delivery}</span>
            <${Time} at=${each.received_at} />
            <${Chip} kind=${each.outcome} />
            ${each.publisher && html`<span class="faint">by key <span class="code">${each.publisher}</span></span>`}
            ${each.traceparent && html`<span class="faint">trace <span class="code">${each.traceparent.split("-")[1]}</span></span>`}
            ${
              each.delivery === first
                ? html`<span class="faint">the first</span>`
                : html`<button type="button" class="small" aria-expanded=${open === each.delivery}
                  onClick=${() => setOpen(open === each.delivery ? null : each.delivery)}>
                  Compare<span class="hidden"> ${each.delivery} with the first</span>
                </button>`
            }
          </div>
          ${open === each.delivery && html`<${Difference} first=${first} other=${each.delivery} />`}
        </li>`,
      )}
    </ol>
    ${!event.deliveries_complete && html`<p class="faint">There are more than these ${count(deliveries.length)}.</p>`}
  <//>`;
}

// For a POSIX shell.
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
