// Events as they come: read in log order, again and again, from where the last page ended. No connection is
// held: a browser has six for all its tabs, and who asks anew goes on by itself after whatever was in between.

import { html, useEffect, useReducer, useRef } from "../vendor/preact.js";
import { count, rate } from "../format.js";
import { useKeys } from "../keys.js";
import { readPage } from "../requests.js";
import { Empty } from "../ui/states.js";
import { EventTable } from "./event_table.js";

const ROWS_MAX = 300;
const PAGE = 500;
// Nothing was new: the next look is so much later. Where nobody answers, later each time.
const IDLE_MS = 500;
const RETRY_MS_MAX = 8000;
// Whoever reads cannot follow more, and a table that is drawn for each event would not either.
const SHOW_MS = 250;
const RATE_MS = 4000;

function later(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });
}

// Until somebody can see it.
function shown(signal) {
  return new Promise((resolve) => {
    const look = () => document.hidden || resolve();
    document.addEventListener("visibilitychange", look, { signal });
    signal.addEventListener("abort", resolve, { once: true });
    look();
  });
}

// What is read of the log. It draws nothing; `changed` is called when there is something new.
class Following {
  constructor(topic, source, changed) {
    Object.assign(this, {
      wanted: { topic, source, order: "position", limit: PAGE },
      changed,
      rows: [],
      fresh: [],
      total: 0,
      cursor: "latest",
      problem: null,
      arrivals: [],
    });
    this.open();
    this.timer = setInterval(() => this.show(), SHOW_MS);
  }

  open() {
    this.failures = 0;
    this.become("connecting");
    this.reading = new AbortController();
    this.read(this.reading.signal);
  }

  async read(signal) {
    while (!signal.aborted) {
      const pause = await this.look(signal);
      if (pause === null) return;
      await later(pause, signal);
      await shown(signal);
    }
  }

  // Reads a page; returns for how long to wait for the next, or null where that is no use.
  async look(signal) {
    try {
      const { items, cursor, next } = await readPage("events", { ...this.wanted, cursor: this.cursor }, { signal });
      if (signal.aborted) return null;
      this.take(items, cursor);
      this.become(next ? "behind" : "live");
      return next ? 0 : IDLE_MS;
    } catch (problem) {
      return signal.aborted ? null : this.fail(problem);
    }
  }

  take(items, cursor) {
    this.failures = 0;
    this.cursor = cursor;
    this.total += items.length;
    this.fresh = [...this.fresh, ...items].slice(-ROWS_MAX);
  }

  fail(problem) {
    this.problem = problem;
    if (problem.code === "log_rewound") {
      this.rewound = true;
      this.cursor = "latest";
      return IDLE_MS;
    }
    if (problem.status >= 400 && problem.status < 500) {
      this.become("refused");
      return null;
    }
    this.failures += 1;
    this.become("connecting");
    return Math.min(IDLE_MS * 2 ** (this.failures - 1), RETRY_MS_MAX);
  }

  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.changed();
  }

  show() {
    const now = performance.now();
    const had = this.arrivals.length;
    this.arrivals.push({ now, total: this.total });
    while (now - this.arrivals[0].now > RATE_MS) this.arrivals.shift();
    if (this.fresh.length) {
      this.rows = [...this.fresh.reverse(), ...this.rows].slice(0, ROWS_MAX);
      this.fresh = [];
    } else if (had > 1 && this.arrivals[0].total === this.arrivals.at(-1).total && !this.rate) return;
    const [first] = this.arrivals;
    this.rate = now > first.now ? (1000 * (this.total - first.total)) / (now - first.now) : 0;
    this.changed();
  }

  pause() {
    this.reading.abort();
    this.become("paused");
  }

  end() {
    this.reading.abort();
    clearInterval(this.timer);
  }
}

const DOTS = { connecting: "warn", behind: "warn", live: "good", paused: "", refused: "bad" };
const WORDS = {
  connecting: "connecting …",
  behind: "catching up",
  live: "live",
  paused: "paused; it goes on from here",
};

export function Tail({ topic, source, show, chosen }) {
  const [, changed] = useReducer((times) => times + 1, 0);
  const following = useRef(null);
  useEffect(() => {
    following.current = new Following(topic, source, changed);
    changed();
    return () => following.current.end();
  }, [topic, source]);
  const now = following.current;
  const turn = () => (now.state === "paused" || now.state === "refused" ? now.open() : now.pause());
  useKeys({ p: turn });
  if (!now) return null;
  const isOn = now.state !== "paused" && now.state !== "refused";
  const words = WORDS[now.state] ?? `refused: ${now.problem.message}`;
  return html`<section aria-label="Live events" class="list">
    <div class="tail-head">
      <span role="status">
        <span class=${`dot ${DOTS[now.state]}`} aria-hidden="true"></span> ${words}
      </span>
      <span class="faint">${count(now.total)} seen, ${rate(now.rate ?? 0)}; the latest ${count(ROWS_MAX)} are shown</span>
      <div class="actions"><button type="button" onClick=${turn}>${isOn ? "Pause" : "Go on"}</button></div>
    </div>
    ${
      now.rewound &&
      html`<p class="notice warn">The log was restored to an earlier state meanwhile: events that are shown here
        may not be in it any more. It goes on from what was new then.</p>`
    }
    ${
      now.rows.length
        ? html`<${EventTable} events=${now.rows} show=${show} chosen=${chosen} />`
        : html`<${Empty} title="Waiting for events"><p>What is projected from now on appears here.</p><//>`
    }
  </section>`;
}
