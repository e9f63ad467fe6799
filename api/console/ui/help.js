import { html } from "../vendor/preact.js";
import { Dialog } from "./dialog.js";

export function Help({ pages, onClose }) {
  const groups = [
    [
      "Everywhere",
      [
        ["?", "this help"],
        ["/", "to the filter"],
        ["Esc", "close what is open"],
      ],
    ],
    ["Go to", pages.map((page) => [`g ${page.key}`, page.title])],
    [
      "Events",
      [
        ["j k", "next and previous event"],
        ["Enter", "open it"],
        ["n", "next page"],
        ["f", "follow live"],
        ["p", "pause and go on, while following"],
      ],
    ],
    ["SQL", [["Ctrl Enter", "run the statement"]]],
  ];
  return html`<${Dialog} title="Keyboard shortcuts" onClose=${onClose}>
    <div class="shortcuts">
      ${groups.map(
        ([title, keys]) => html`<section key=${title}>
          <h3>${title}</h3>
          <dl>
            ${keys.map(
              ([names, does]) => html`<div key=${names}>
                <dt>${names.split(" ").map((name) => html`<kbd key=${name}>${name}</kbd>`)}</dt>
                <dd>${does}</dd>
              </div>`,
            )}
          </dl>
        </section>`,
      )}
    </div>
    <div class="dialog-actions"><button type="button" class="primary" onClick=${onClose}>Close</button></div>
  <//>`;
}
