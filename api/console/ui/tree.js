// A JSON value as a tree that opens and closes. Everything in it is text.

import { html, useState } from "../vendor/preact.js";
import { isBranch, isRaw, written } from "../compare.js";
import { count, plural } from "../format.js";
import { visible } from "./parts.js";

const OPEN_DEPTH = 3;
const OPEN_CHILDREN = 40;
const CHILDREN_STEP = 200;
const TEXT_MAX = 500;

export function Tree({ value }) {
  return html`<div class="tree"><${Node} value=${value} depth=${0} /></div>`;
}

function Node({ name, value, depth }) {
  if (isBranch(value)) return html`<${Branch} name=${name} value=${value} depth=${depth} />`;
  return html`<div class="leaf"><${Name} name=${name} /><${Leaf} value=${value} /></div>`;
}

function Name({ name }) {
  if (name === undefined) return null;
  return html`<bdi class="tree-name">${visible(name)}</bdi><span class="faint">: </span>`;
}

function Branch({ name, value, depth }) {
  const keys = Object.keys(value);
  const [open, setOpen] = useState(depth < OPEN_DEPTH && keys.length <= OPEN_CHILDREN);
  const [shown, setShown] = useState(CHILDREN_STEP);
  const isList = Array.isArray(value);
  if (keys.length === 0) {
    return html`<div class="leaf"><${Name} name=${name} /><span class="faint">${isList ? "[ ]" : "{ }"}</span></div>`;
  }
  const size = plural(keys.length, isList ? "item" : "member");
  return html`<details open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><${Name} name=${name} /><span class="faint">${isList ? `[ ${size} ]` : `{ ${size} }`}</span></summary>
    ${
      open &&
      html`<div class="branch">
      ${keys
        .slice(0, shown)
        .map((key) => html`<${Node} key=${key} name=${key} value=${value[key]} depth=${depth + 1} />`)}
      ${
        keys.length > shown &&
        html`<button type="button" class="link" onClick=${() => setShown(shown + CHILDREN_STEP)}>
        ${count(keys.length - shown)} more
      </button>`
      }
    </div>`
    }
  </details>`;
}

export function Leaf({ value }) {
  const [all, setAll] = useState(false);
  const kind = value === null ? "null" : isRaw(value) ? "number" : typeof value;
  const text = written(value);
  if (text.length <= TEXT_MAX || all) return html`<bdi class="value ${kind}">${visible(text)}</bdi>`;
  return html`<bdi class="value ${kind}">${visible(text.slice(0, TEXT_MAX))}</bdi>${" "}
    <button type="button" class="link" onClick=${() => setAll(true)}>all ${count(text.length)} characters</button>`;
}
