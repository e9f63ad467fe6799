// Events as they come. The stream goes on where it was after a pause and after a lost connection.

import { html, useEffect, useReducer, useRef } from "../vendor/preact.js";
import { count, rate } from "../format.js";
import { useKeys } from "../keys.js";
import { address, parseExactly } from "../requests.js";
import { Empty } from "../ui/states.js";
import { EventTable } from "./events.js";

const ROWS_MAX = 300;
// Whoever reads cannot follow more, and a table that is drawn for each event would not either.
const SHOW_MS = 250;
const RATE_MS = 4000;

// What is read of one stream. It draws nothing; `changed` is called when there is something new.
class Following {
  constructor(topic, source, changed) {
    Object.assign(this, {
      topic,
      source,
      changed,
      rows: [],
      state: "connecting",
      total: 0,
      cursor: null,
      arrivals: [],
    });
    this.open();
    this.timer = setInterval(() => this.show(), SHOW_MS);
  }

  open() {
    const { topic, source, cursor } = this;
    this.fresh = [];
    this.state = "connecting";
    this.stream = new EventSource(address("events/stream", { topic, source, cursor }));
    this.stream.onopen = () => this.become("live");
    this.stream.onerror = () =>
      this.become(this.stream.readyState === EventSource.CLOSED ? "refused" : "connecting");
    this.stream.onmessage = (message) => this.take(message);
  }

  take(message) {
    this.cursor = message.lastEventId;
    this.total += 1;
    this.fresh.push(message.data);
    if (this.fresh.length > ROWS_MAX) this.fresh.shift();
  }

  become(state) {
    this.state = state;
    this.changed();
  }

  show() {
    const now = performance.now();
    const had = this.arrivals.length;
    this.arrivals.push({ now, total: this.total });
    while (now - this.arrivals[0].now > RATE_MS) this.arrivals.shift();
    if (this.fresh.length) {
      this.rows = [...this.fresh.reverse().map(parseExactly), ...this.rows].slice(0, ROWS_MAX);
      this.fresh = [];
    } else if (had > 1 && this.arrivals[0].total === this.arrivals.at(-1).total && !this.rate) return;
    const [first] = this.arrivals;
    this.rate = now > first.now ? (1000 * (this.total - first.total)) / (now - first.now) : 0;
    this.changed();
  }

  pause() {
    this.stream.close();
    this.become("paused");
  }

  end() {
    this.stream.close();
    clearInterval(this.timer);
  }
}

const DOTS = { connecting: "warn", live: "good", paused: "", refused: "bad" };
const WORDS = {
  connecting: "connecting …",
  live: "live",
  paused: "paused; it goes on from here",
  refused: "the service refused this stream, or has too many",
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
  const turn = () => (now.state === "live" || now.state === "connecting" ? now.pause() : now.open());
  useKeys({ p: turn });
  if (!now) return null;
  const isOn = now.state === "live" || now.state === "connecting";
  return html`<section aria-label="Live events" class="list">
    <div class="tail-head">
      <span role="status">
        <span class=${`dot ${DOTS[now.state]}`} aria-hidden="true"></span> ${WORDS[now.state]}
      </span>
      <span class="faint">${count(now.total)} seen, ${rate(now.rate ?? 0)}; the latest ${count(ROWS_MAX)} are shown</span>
      <div class="actions"><button type="button" onClick=${turn}>${isOn ? "Pause" : "Go on"}</button></div>
    </div>
    ${
      now.rows.length
        ? html`<${EventTable} events=${now.rows} show=${show} chosen=${chosen} />`
        : html`<${Empty} title="Waiting for events"><p>What is projected from now on appears here.</p><//>`
    }
  </section>`;
}
