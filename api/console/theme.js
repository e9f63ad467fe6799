// Runs before the page is drawn, so that a chosen theme does not flash; "auto" follows the system.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("eventlog.theme");
  } catch {
    // Storage may be forbidden; the system's choice holds then.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
