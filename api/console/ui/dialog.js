// A question before something is done, and other things that stand in front of the page.

import { html, useEffect, useId, useRef } from "../vendor/preact.js";

// Esc and a click beside it close it; the focus stays within and returns to where it was.
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    element.current.querySelector("[data-first]")?.focus();
    return () => before?.focus?.();
  }, []);
  const clicked = (event) => event.target === element.current && onClose();
  return html`<dialog ref=${element} aria-labelledby=${id} onClose=${onClose} onClick=${clicked}>
    <div class="dialog-body">
      <h2 id=${id}>${title}</h2>
      ${children}
    </div>
  </dialog>`;
}

export function Confirm({ title, action, danger, onConfirm, onClose, children }) {
  const confirm = (event) => {
    event.preventDefault();
    onConfirm();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form method="dialog" onSubmit=${confirm}>
      ${children}
      <div class="dialog-actions">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class=${danger ? "danger" : "primary"} data-first>${action}</button>
      </div>
    </form>
  <//>`;
}
