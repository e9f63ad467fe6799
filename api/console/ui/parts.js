// Small parts that many pages have.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { moment } from "../format.js";

const SHOWN_MS = 1500;

export function Chip({ kind, children }) {
  return html`<span class="chip ${kind}">${children ?? kind}</span>`;
}

export function Time({ at }) {
  if (!at) return html`<span class="faint">–</span>`;
  return html`<time datetime=${at} title=${`${at} — here ${new Date(at).toLocaleString()}`}>${moment(at)}</time>`;
}

export function Section({ title, id, actions, children, ...rest }) {
  return html`<section aria-labelledby=${id} ...${rest}>
    <header class="section-head"><h2 id=${id}>${title}</h2>${actions && html`<div class="actions">${actions}</div>`}</header>
    ${children}
  </section>`;
}

export function Copy({ text, label = "Copy", what }) {
  const [said, say] = useState("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      say("Copied");
    } catch {
      say("Not allowed");
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => say(""), SHOWN_MS);
  };
  return html`<button type="button" class="small" onClick=${copy} aria-label=${what ? `${label} ${what}` : label}>
    <span aria-live="polite">${said || label}</span>
  </button>`;
}

export function Bar({ parts, label }) {
  const all = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  return html`<div class="bar" role="img" aria-label=${label}>
    ${parts.map(
      (part) =>
        part.value > 0 &&
        html`<span key=${part.kind} class=${part.kind} style=${{ width: `${(100 * part.value) / all}%` }}></span>`,
    )}
  </div>`;
}

export function Progress({ done, total, label }) {
  const part = total ? Math.min(1, done / total) : 0;
  return html`<div class="progress" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
    aria-valuenow=${Math.floor(part * 100)}><span style=${{ width: `${part * 100}%` }}></span></div>`;
}

// Text that may be long, one-way or from anybody: set apart, so that it cannot turn the words around it.
export function Given({ children, class: kind = "" }) {
  return html`<bdi class="given ${kind}">${visible(children)}</bdi>`;
}

// Controls, and the marks that turn text around or have no width, are shown as what they are.
export function visible(text) {
  return String(text).replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
