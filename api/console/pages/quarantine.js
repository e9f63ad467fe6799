// What could not be projected, by cause: why, the text as it came, and another try.

import { html, useState } from "../vendor/preact.js";
import { count, plural } from "../format.js";
import { useRead } from "../reading.js";
import { send } from "../requests.js";
import { go, href } from "../routing.js";
import { Chip, Copy, Given, Time } from "../ui/parts.js";
import { Empty, Failure, Read } from "../ui/states.js";
import { Operation } from "./operation.js";

const WATCH_MS = 5000;
const FOLLOW_MS = 400;

export function Quarantine({ parameters }) {
  const { topic = "" } = parameters;
  const answer = useRead("quarantine", { topic }, { every: WATCH_MS });
  return html`
    <header class="page-head">
      <h1>Quarantine</h1>
      <div class="actions">
        <input type="search" data-filter placeholder="Topic, exactly" aria-label="Topic" value=${topic}
          onChange=${(event) => go("quarantine", { topic: event.target.value })} />
      </div>
    </header>
    <p class="lead">A delivery that a projection cannot digest is set aside, and the rest goes on. It stays in the log as it came.
      After a fix, try it again: all deliveries of its event are played once more.</p>
    <${Read} of=${answer} what="Reading the quarantine">${(causes) =>
      causes.length
        ? causes.map((cause) => html`<${Cause} key=${keyOf(cause)} cause=${cause} changed=${answer.reload} />`)
        : html`<${Empty} title=${topic ? "Nothing of this topic is in quarantine" : "Nothing is in quarantine"}>
            <p>Everything that was received could be projected.</p>
          <//>`}<//>
  `;
}

const keyOf = ({ projection, sqlstate, cause }) => JSON.stringify([projection, sqlstate, cause]);

function Cause({ cause, changed }) {
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
      ${latest.map((delivery) => html`<${Delivery} key=${delivery} delivery=${delivery} changed=${changed} />`)}
    </ul>
    ${deliveries > latest.length &&
    html`<p class="faint">The latest ${count(latest.length)} of ${count(deliveries)}; <code>eventlog quarantine retry</code> tries all of them.</p>`}
  </section>`;
}

function Delivery({ delivery, changed }) {
  const [open, setOpen] = useState(false);
  const [retry, setRetry] = useState({});
  const again = async () => {
    setRetry({ asked: true });
    try {
      const answer = await send("POST", `quarantine/${delivery}/retry`);
      setRetry({ answer });
      if (!answer?.operation) changed();
    } catch (problem) {
      setRetry({ problem });
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
    ${retry.answer?.operation && html`<${Followed} id=${retry.answer.operation} changed=${changed} />`}
    ${retry.answer && !retry.answer.operation && html`<p class="notice" role="status">${told(retry.answer)}</p>`}
    ${open && html`<${Content} delivery=${delivery} />`}
  </li>`;
}

function told(answer) {
  return answer.detail ?? answer.outcome ?? answer.status ?? "tried";
}

function Followed({ id, changed }) {
  const [every, setEvery] = useState(FOLLOW_MS);
  const answer = useRead(`operations/${id}`, {}, { every });
  if (every && answer.data && answer.data.state !== "running") {
    setEvery(0);
    changed();
  }
  return html`<${Read} of=${answer}>${(operation) => html`<${Operation} operation=${operation} />`}<//>`;
}

function Content({ delivery }) {
  const answer = useRead(`deliveries/${delivery}`);
  return html`<${Read} of=${answer} what="Reading the delivery">${(found) => html`<div class="content">
    <dl class="facts">
      <div><dt>topic</dt><dd><${Given}>${found.topic}<//></dd></div>
      <div><dt>event id</dt><dd><a href=${href("events", { topic: found.topic, event_id: found.event_id, show_topic: found.topic, show_id: found.event_id })}><${Given}>${found.event_id}<//></a></dd></div>
      <div><dt>received</dt><dd><${Time} at=${found.received_at} /></dd></div>
    </dl>
    <p class="raw-head faint">The text as received <${Copy} text=${found.raw ?? ""} what="the text" /></p>
    <pre class="raw" tabindex="0" aria-label="The text as received">${found.raw ?? "(empty)"}</pre>
  </div>`}<//>`;
}
