// Keyboard shortcuts: those of the whole console and those of the page that is shown.

import { useEffect, useRef } from "./vendor/preact.js";

const SEQUENCE_MS = 1200;
const bindings = new Set();
let before = "";
let beforeAt = 0;

function isTyping(event) {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"))
  );
}

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event) || document.querySelector("dialog[open]")) return;
  const recent = event.timeStamp - beforeAt < SEQUENCE_MS ? before : "";
  before = event.key;
  beforeAt = event.timeStamp;
  for (const binding of bindings) {
    const action = (recent && binding.current[`${recent} ${event.key}`]) || binding.current[event.key];
    if (action) {
      event.preventDefault();
      action(event);
      return;
    }
  }
}

addEventListener("keydown", pressed);

// Keys are as in KeyboardEvent.key; "g e" is one after the other. Held while the caller is on the screen.
export function useKeys(keys) {
  const binding = useRef(keys);
  binding.current = keys;
  useEffect(() => {
    bindings.add(binding);
    return () => bindings.delete(binding);
  }, []);
}

// Puts the cursor into the field that a page filters by.
export function focusFilter() {
  document.querySelector("main [data-filter]")?.focus();
}
