// What a part shows when it has nothing to show: still loading, empty, or failed.

import { html } from "../vendor/preact.js";

export function Loading({ what = "Loading" }) {
  return html`<div class="state loading" role="status"><span class="spinner" aria-hidden="true"></span>${what} …</div>`;
}

export function Empty({ title, children }) {
  return html`<div class="state empty"><p class="state-title">${title}</p>${children}</div>`;
}

export function Failure({ problem, retry }) {
  return html`<div class="state failure" role="alert">
    <p class="state-title">${problem.isAway ? "The service cannot be reached" : "This did not work"}</p>
    <p>${problem.message}${problem.code && html` <span class="code">${problem.code}</span>`}</p>
    ${problem.requestId && html`<p class="faint">request <span class="code">${problem.requestId}</span></p>`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

// The usual order of things around what a useRead answered.
export function Read({ of, what, children }) {
  if (of.problem && of.data === null) return html`<${Failure} problem=${of.problem} retry=${of.reload} />`;
  if (of.data === null) return html`<${Loading} what=${what} />`;
  return children(of.data);
}
