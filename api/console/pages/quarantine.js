// What could not be projected, by cause: why, the text as it came, and another try.

import { html, useState } from "../vendor/preact.js";
import { count, plural } from "../format.js";
import { useRead } from "../reading.js";
import { send } from "../requests.js";
import { go, href } from "../routing.js";
import { Chip, Copy, Given, Time } from "../ui/parts.js";
import { Empty, Failure, Read } from "../ui/states.js";

const WATCH_MS = 5000;

export function Quarantine({ parameters }) {
  const { topic = "" } = parameters;
  const answer = useRead("quarantine", { topic }, { every: WATCH_MS });
  const [retried, setRetried] = useState([]);
  const onRetried = (outcomes) => {
    setRetried(outcomes);
    answer.reload();
  };
  return html`
    <header class="page-head">
      <h1>Quarantine</h1>
      <div class="actions">
        <input type="search" data-filter placeholder="Topic, or order.*" aria-label="Topic" value=${topic}
          onChange=${(event) => go("quarantine", { topic: event.target.value })} />
      </div>
    </header>
    <p class="lead">A delivery that a projection cannot digest is set aside, and the rest goes on. It stays in the log as it came.
      After a fix, try it again: all deliveries of its event are played once more.</p>
    <div role="status">
      ${retried.map((one) => html`<${Retried} key=${`${one.projection} ${one.delivery}`} ...${one} />`)}
    </div>
    <${Read} of=${answer} what="Reading the quarantine">${(causes) =>
      causes.length
        ? causes.map((cause) => html`<${Cause} key=${keyOf(cause)} cause=${cause} onRetried=${onRetried} />`)
        : html`<${Empty} title=${topic ? "Nothing of this topic is in quarantine" : "Nothing is in quarantine"}>
            <p>Everything that was received could be projected.</p>
          <//>`}<//>
  `;
}

const keyOf = ({ projection, sqlstate, cause }) => JSON.stringify([projection, sqlstate, cause]);

// What became of a delivery that was tried again, in one projection.
function Retried({ projection, delivery, outcome, cause }) {
  const isOut = outcome !== "quarantined";
  return html`<p class=${`notice ${isOut ? "good" : "bad"}`}>
    <span class="code">${delivery}</span> in <b>${projection}</b>:${" "}
    ${isOut ? outcome : html`still in quarantine: <${Given}>${cause}<//>`}
  </p>`;
}

function Cause({ cause, onRetried }) {
  const { latest, deliveries } = cause;
  return html`<section class="card cause" aria-label=${cause.cause}>
    <header>
      <h2><${Given}>${cause.cause}<//></h2>
      <p class="cause-facts">
        <${Chip} kind="quarantined">${plural(deliveries, "delivery", "deliveries")}<//>
        <span>in <b>${cause.projection}</b></span>
        <span class="faint">SQLSTATE <span class="code">${cause.sqlstate}</span></span>
        <span class="faint">first <${Time} at=${cause.first_at} /></span>
        <span class="faint">last <${Time} at=${cause.last_at} /></span>
      </p>
    </header>
    <ul class="deliveries">
      ${latest.map((delivery) => html`<${Delivery} key=${delivery} delivery=${delivery} onRetried=${onRetried} />`)}
    </ul>
    ${
      deliveries > latest.length &&
      html`<p class="faint">The latest ${count(latest.length)} of ${count(deliveries)};
        <code>eventlog quarantine retry</code> tries all of them.</p>`
    }
  </section>`;
}

function Delivery({ delivery, onRetried }) {
  const [open, setOpen] = useState(false);
  const [retry, setRetry] = useState({ asked: false, problem: null });
  const again = async () => {
    setRetry({ asked: true, problem: null });
    try {
      const outcomes = await send("POST", `quarantine/${delivery}/retry`);
      setRetry({ asked: false, problem: null });
      onRetried(outcomes);
    } catch (problem) {
      setRetry({ asked: false, problem });
    }
  };
  return html`<li>
    <div class="delivery">
      <span class="code">${delivery}</span>
      <button type="button" class="small" aria-expanded=${open} onClick=${() => setOpen(!open)}>
        ${open ? "Hide" : "Look"}<span class="hidden"> at ${delivery}</span>
      </button>
      <button type="button" class="small" disabled=${retry.asked} onClick=${again}>
        ${retry.asked ? "Trying …" : "Try again"}<span class="hidden"> ${delivery}</span>
      </button>
    </div>
    ${retry.problem && html`<${Failure} problem=${retry.problem} />`}
    ${open && html`<${Content} delivery=${delivery} />`}
  </li>`;
}

function eventAddress({ topic, event_id: id }) {
  return href("events", { topic, event_id: id, show_topic: topic, show_id: id });
}

function Content({ delivery }) {
  const answer = useRead(`deliveries/${delivery}`);
  return html`<${Read} of=${answer} what="Reading the delivery">${(found) => html`<div class="content">
    <dl class="facts">
      <div><dt>topic</dt><dd><${Given}>${found.topic}<//></dd></div>
      <div><dt>event id</dt><dd><a href=${eventAddress(found)}><${Given}>${found.event_id}<//></a></dd></div>
      <div><dt>received</dt><dd><${Time} at=${found.received_at} /></dd></div>
    </dl>
    <p class="raw-head faint">The text as received <${Copy} text=${found.raw ?? ""} what="the text" /></p>
    <pre class="raw" tabindex="0" aria-label="The text as received">${found.raw ?? "(empty)"}</pre>
  </div>`}<//>`;
}
