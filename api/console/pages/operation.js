// A rebuild or a verification: how far it is, and what came out of it.

import { html, useState } from "../vendor/preact.js";
import { count, duration, rate } from "../format.js";
import { send } from "../requests.js";
import { Confirm } from "../ui/dialog.js";
import { Chip, Progress, Time } from "../ui/parts.js";
import { Failure } from "../ui/states.js";
import { Tree } from "../ui/tree.js";

export function Operation({ operation }) {
  const { kind, state, phase, done, total } = operation;
  const isRunning = state === "running";
  return html`<div class="operation" data-operation=${operation.id} data-state=${state}>
    <div class="operation-head">
      <b>${kind}</b>
      <${Chip} kind=${state} />
      <span class="faint">${isRunning ? phase : ended(operation)}</span>
      ${isRunning && html`<${Cancel} operation=${operation} />`}
    </div>
    ${isRunning && html`<${Progress} done=${done} total=${total} label=${`Progress of the ${kind}`} />`}
    <p class="faint" role="status">
      ${count(done)} of ${count(total)} deliveries, ${rate(operation.rate)}${
        isRunning && operation.eta_seconds !== null
          ? `, done in about ${duration(operation.eta_seconds)}`
          : ""
      }
    </p>
    ${operation.error && html`<p class="notice bad">${operation.error}</p>`}
    ${state === "done" && html`<${Outcome} operation=${operation} />`}
  </div>`;
}

function ended({ started_at: started, finished_at: finished }) {
  if (!finished) return "";
  return html`<${Time} at=${finished} />, after ${duration((new Date(finished) - new Date(started)) / 1000)}`;
}

function Outcome({ operation }) {
  const { kind, detail } = operation;
  if (kind === "verify") {
    const differing = detail.differing ?? [];
    if (!differing.length)
      return html`<p class="notice good">✓ It equals a replay of the log: ${count(detail.rows)} rows compared.</p>`;
    return html`<p class="notice bad">✗ It differs from a replay of the log. The first differences:</p>
      <${Tree} value=${detail.differences?.length ? detail.differences : differing} />`;
  }
  if (kind === "rebuild") return html`<p class="notice good">✓ Version ${detail.version} is live.</p>`;
  return null;
}

function Cancel({ operation }) {
  const [asking, setAsking] = useState(false);
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState(null);
  const cancel = async () => {
    setAsking(false);
    setAsked(true);
    try {
      await send("DELETE", `operations/${operation.id}`);
    } catch (refused) {
      setAsked(false);
      setProblem(refused);
    }
  };
  return html`<div class="actions">
    <button type="button" class="small" disabled=${asked} onClick=${() => setAsking(true)}>
      ${asked ? "Ending …" : "Cancel …"}
    </button>
    ${problem && html`<${Failure} problem=${problem} />`}
    ${
      asking &&
      html`<${Confirm} title=${`Cancel this ${operation.kind}?`} action="Cancel it" danger=${true}
        onConfirm=${cancel} onClose=${() => setAsking(false)}>
      <p>It ends soon and removes what it has made. What was live stays live.</p>
    <//>`
    }
  </div>`;
}
