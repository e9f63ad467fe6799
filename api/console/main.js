// The frame around every page: navigation, the state of the service, shortcuts, theme.

import { html, render, useErrorBoundary, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { clock } from "./format.js";
import { focusFilter, useKeys } from "./keys.js";
import { askNow, begin, useLive } from "./live.js";
import { go, href, useRoute } from "./routing.js";
import { Help } from "./ui/help.js";
import { Empty, Failure } from "./ui/states.js";
import { Events } from "./pages/events.js";
import { Health } from "./pages/health.js";
import { Overview } from "./pages/overview.js";
import { Projections } from "./pages/projections.js";
import { Quarantine } from "./pages/quarantine.js";
import { isSignedIn, SignIn, signOut } from "./pages/sign_in.js";
import { Sql } from "./pages/sql.js";

const PAGES = [
  { name: "overview", title: "Overview", key: "o", show: Overview },
  { name: "events", title: "Events", key: "e", show: Events },
  { name: "projections", title: "Projections", key: "p", show: Projections },
  { name: "quarantine", title: "Quarantine", key: "q", show: Quarantine },
  { name: "sql", title: "SQL", key: "s", show: Sql },
  { name: "health", title: "Health", key: "h", show: Health },
];

function App() {
  const { page, parameters } = useRoute();
  const [help, setHelp] = useState(false);
  const { problem } = useLive();
  const signedOut = problem?.status === 401;
  const here = PAGES.find((one) => one.name === page);
  const main = useRef(null);
  const first = useRef(true);
  useLayoutEffect(() => {
    document.title = `${here?.title ?? "Not found"} · eventlog`;
    // Whoever moves by keyboard or hears the page starts at the top of the new one.
    if (!first.current) main.current.focus({ preventScroll: true });
    first.current = false;
    scrollTo(0, 0);
    document.querySelector(".frame [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [page]);
  useKeys({
    "?": () => setHelp(true),
    "/": focusFilter,
    ...Object.fromEntries(PAGES.map((one) => [`g ${one.key}`, () => go(one.name)])),
  });
  return html`
    <button type="button" class="skip" onClick=${() => main.current.focus()}>Skip to the page</button>
    <header class="frame">
      <a class="brand" href=${href("overview")}><img src="console/icon.svg" alt="" width="22" height="22" />eventlog</a>
      <${Navigation} page=${here?.name} />
      <div class="frame-foot">
        <${Service} />
        <div class="frame-tools">
          <${Theme} />
          ${isSignedIn() && !signedOut && html`<button type="button" class="small" onClick=${signOut}>Sign out</button>`}
          <button type="button" class="small" onClick=${() => setHelp(true)} aria-label="Keyboard shortcuts">?</button>
        </div>
      </div>
    </header>
    <main ref=${main} tabindex="-1">
      ${signedOut ? null : html`<${Away} />`}
      ${
        signedOut
          ? html`<${SignIn} problem=${problem} />`
          : here
          ? html`<${Guarded} key=${here.name} show=${here.show} parameters=${parameters} />`
          : html`<${Empty} title="There is no such page"><p><a href=${href("overview")}>To the overview</a></p><//>`
      }
    </main>
    ${help && html`<${Help} pages=${PAGES} onClose=${() => setHelp(false)} />`}
  `;
}

// A mistake in one page leaves the others, and says what to report.
function Guarded({ show, parameters }) {
  const [mistake, retry] = useErrorBoundary((error) => console.error(error));
  if (mistake) return html`<${Failure} problem=${mistake} retry=${retry} />`;
  return html`<${show} parameters=${parameters} />`;
}

function Navigation({ page }) {
  return html`<nav aria-label="Pages">
    <ul>
      ${PAGES.map(
        (one) => html`<li key=${one.name}>
          <a href=${href(one.name)} aria-current=${one.name === page ? "page" : undefined}>${one.title}</a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

// One word on how things are, on every page.
function Service() {
  const { stats, seen, problem } = useLive();
  const [kind, words] = problem
    ? problem.status === 401
      ? ["unknown", "signed out"]
      : ["bad", problem.isAway ? "not reachable" : "in trouble"]
    : seen
      ? ["good", "signed in"]
      : !stats
        ? ["unknown", "asking"]
        : !stats.balanced
          ? ["bad", "books do not balance"]
          : stats.workers
            ? ["good", "running"]
            : ["warn", "no workers"];
  return html`<a class="service" href=${href("health")}>
    <span class="dot ${kind}" aria-hidden="true"></span>
    <span>${words}</span>
    ${stats && html`<span class="faint version">${stats.version}</span>`}
  </a>`;
}

function Away() {
  const { problem, at, retryAt } = useLive();
  if (!problem) return html`<div role="status"></div>`;
  const told = at ? ` What you see is from ${clock(new Date(at))} UTC.` : "";
  return html`<div class="banner" role="status">
    <span><b>${problem.isAway ? "The service cannot be reached." : "The counts cannot be read."}</b>
    ${problem.isAway ? "" : ` ${problem.message}.`}${told} It is tried again by itself.</span>
    <button type="button" class="small" onClick=${askNow} disabled=${retryAt === null}>Try now</button>
  </div>`;
}

const THEMES = { auto: "light", light: "dark", dark: "auto" };

function Theme() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? "auto");
  const turn = () => {
    const next = THEMES[theme];
    setTheme(next);
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("eventlog.theme", next);
    } catch {
      // It holds for this page then.
    }
  };
  return html`<button type="button" class="small" onClick=${turn} aria-label=${`Theme: ${theme}`}>
    <span aria-hidden="true">${{ auto: "◐", light: "○", dark: "●" }[theme]}</span> ${theme}
  </button>`;
}

begin();
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
