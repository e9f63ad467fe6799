// The question before a rebuild, with its options.

import { html, useState } from "../vendor/preact.js";
import { address } from "../requests.js";
import { Confirm } from "../ui/dialog.js";

export function Rebuild({ name, onConfirm, onClose }) {
  const [options, setOptions] = useState({ workers: "2", throttle: "", verify: true, in_place: false });
  const set = (option) => (event) => {
    const { type, checked, value } = event.target;
    setOptions({ ...options, [option]: type === "checkbox" ? checked : value });
  };
  const inPlace = options.in_place;
  const confirm = () =>
    onConfirm(
      address("rebuild", {
        workers: options.workers,
        throttle: options.throttle,
        verify: options.verify ? "true" : null,
        in_place: inPlace ? "true" : null,
      }),
    );
  return html`<${Confirm} title=${`Rebuild ${name}?`} action=${inPlace ? "Drop and rebuild" : "Rebuild"} danger=${inPlace}
    onConfirm=${confirm} onClose=${onClose}>
    <p>It is made again from the first delivery of the log, beside the live version, and then switched to.
      Readers and publishers notice nothing; it needs disk for both versions meanwhile.</p>
    <div class="options">
      <label class="field"><span>Workers</span>
        <input type="number" min="1" max="64" required value=${options.workers} onInput=${set("workers")} /></label>
      <label class="field"><span>At most, deliveries a second</span>
        <input type="number" min="1" placeholder="no limit" value=${options.throttle} onInput=${set("throttle")} /></label>
    </div>
    <label class="check"><input type="checkbox" checked=${options.verify} onChange=${set("verify")} />
      <span>Compare it with another replay before the switch</span></label>
    <label class="check"><input type="checkbox" checked=${inPlace} onChange=${set("in_place")} />
      <span>In place: drop the live version first, where disk is short</span></label>
    ${inPlace && html`<p class="notice bad">Until it is done, reading ${name} is answered with 503.</p>`}
  <//>`;
}
