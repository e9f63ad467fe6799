// What differs between an event's first delivery and another one of it.

import { html, useMemo } from "../vendor/preact.js";
import { differences } from "../compare.js";
import { plural } from "../format.js";
import { useRead } from "../reading.js";
import { parseExactly } from "../requests.js";
import { Given } from "./parts.js";
import { Read } from "./states.js";
import { Leaf, Tree } from "./tree.js";

export function Difference({ first, other }) {
  const one = useRead(`deliveries/${first}`);
  const two = useRead(`deliveries/${other}`);
  return html`<${Read} of=${one} what="Reading the first delivery">${(before) =>
    html`<${Read} of=${two} what="Reading the other delivery">${(after) =>
      html`<${Compared} before=${before} after=${after} />`}<//>`}<//>`;
}

function Compared({ before, after }) {
  const found = useMemo(() => compared(before.raw, after.raw), [before.raw, after.raw]);
  if (found.same) return html`<p class="verdict">Byte for byte the same text.</p>`;
  if (!found.list) return html`<p class="verdict">They differ, and one of them is no JSON.</p>`;
  if (!found.list.length) {
    return html`<p class="verdict">The same content, written in another way:
      white space, the order of keys, or the form of numbers.</p>`;
  }
  return html`<p class="verdict">${plural(found.list.length, "difference")}:</p>
    <table class="difference">
      <thead>
        <tr>
          <th scope="col">where</th>
          <th scope="col">first, ${before.delivery}</th>
          <th scope="col">then, ${after.delivery}</th>
        </tr>
      </thead>
      <tbody>
        ${found.list.map(
          (each) => html`<tr key=${each.path}>
            <th scope="row"><${Given}>${each.path}<//></th>
            <td class="before"><${Side} value=${each.before} /></td>
            <td class="after"><${Side} value=${each.after} /></td>
          </tr>`,
        )}
      </tbody>
    </table>`;
}

function compared(before, after) {
  if (before === after) return { same: true };
  try {
    return { list: differences(parseExactly(before), parseExactly(after)) };
  } catch {
    return { list: null };
  }
}

function Side({ value }) {
  if (value === undefined) return html`<span class="faint">not there</span>`;
  return typeof value === "object" && value !== null && !JSON.isRawJSON?.(value)
    ? html`<${Tree} value=${value} />`
    : html`<${Leaf} value=${value} />`;
}
