// Is it keeping up, what came in, how often, do the books balance.

import { html, useMemo, useRef, useState } from "../vendor/preact.js";
import { count, duration, plural, rate, share } from "../format.js";
import { useLive, useTopics } from "../live.js";
import { useRead } from "../reading.js";
import { href } from "../routing.js";
import { Chart } from "../ui/chart.js";
import { Bar, Chip, Copy, Given, Section } from "../ui/parts.js";
import { Empty, Loading } from "../ui/states.js";
import { Table } from "../ui/table.js";
import { Timeline } from "./timeline.js";

const TOPICS = 100;
const TOPICS_MORE = 1000;
const MATCHES = 50;
// A figure that moves every second is read better as the mean of a few.
const RATE_SAMPLES = 3;

// A chart that has just begun is as wide as after a minute, so that it does not race.
const SPAN_SECONDS = 60;

const THROUGHPUT = [
  { label: "received", kind: "accent", fill: true },
  { label: "projected", kind: "ink-3", dash: [4, 3] },
];
const SORTS = [
  { label: "unique", kind: "unique", fill: true },
  { label: "duplicate", kind: "duplicate" },
];
const LAG = [{ label: "pending", kind: "pending", fill: true }];

export function Overview({ parameters }) {
  const [many, setMany] = useState(TOPICS);
  useTopics(many);
  const { stats, seen, samples, problem } = useLive();
  const rates = useMemo(() => meanOf(samples.slice(-RATE_SAMPLES)), [samples]);
  if (seen) return html`<${Some} seen=${seen} many=${many} parameters=${parameters} />`;
  if (!stats && problem)
    return html`<h1>Overview</h1>
      <${Empty} title="There are no figures now"><p><a href=${href("health")}>What is wrong</a></p><//>`;
  if (!stats) return html`<h1>Overview</h1><${Loading} what="Reading the books" />`;
  return html`
    <h1>Overview</h1>
    <${Books} stats=${stats} rates=${rates} />
    ${stats.received === 0 && html`<${First} />`}
    <${Charts} samples=${samples} />
    <${Timeline} page="overview" parameters=${parameters} />
    <${Topics} stats=${stats} many=${many} more=${() => setMany(TOPICS_MORE)} />
  `;
}

// What a key is shown that reads some topics, and not the whole log.
function Some({ seen, many, parameters }) {
  return html`<h1>Overview</h1>
    <p class="faint">Your key reads some topics, so there are no counts of the whole log.</p>
    ${
      seen.problem
        ? html`<${Empty} title="No counts for this key"><p>${seen.problem.message}.
            <a href=${href("events")}>To the events</a></p><//>`
        : html`<${Timeline} page="overview" parameters=${parameters} />
            <${Topics} stats=${{ by_topic: seen.rows, topics: null }} many=${many} />`
    }
  `;
}

function meanOf(samples) {
  const mean = (name) => {
    const known = samples.map((sample) => sample[name]).filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  };
  return { received: mean("received"), unique: mean("unique"), duplicate: mean("duplicate") };
}

// The equation that must hold, with today's numbers in it.
function Books({ stats, rates }) {
  const { received, unique_processed: unique, duplicate_dropped: duplicate, quarantined, pending } = stats;
  const parts = [
    { kind: "unique", value: unique },
    { kind: "duplicate", value: duplicate },
    { kind: "quarantined", value: quarantined },
    { kind: "pending", value: pending },
  ];
  const told = parts.map((part) => `${part.kind} ${share(part.value, received)}`).join(", ");
  return html`<section class="books" aria-label="The books">
    <dl class="equation">
      <${Figure} label="received" value=${received} note=${rate(rates.received)} kind="total" />
      <span class="sign" aria-hidden="true">=</span>
      <${Figure} label="unique" value=${unique} note=${rate(rates.unique)} kind="unique" />
      <span class="sign" aria-hidden="true">+</span>
      <${Figure} label="duplicate" value=${duplicate} kind="duplicate"
        note=${`${share(duplicate, received)}${stats.conflicts ? `, ${count(stats.conflicts)} in conflict` : ""}`} />
      <span class="sign" aria-hidden="true">+</span>
      <${Figure} label="quarantined" value=${quarantined} kind="quarantined" to=${quarantined ? "quarantine" : null}
        note=${quarantined ? "see why" : "none refused"} />
      <span class="sign" aria-hidden="true">+</span>
      <${Figure} label="pending" value=${pending} kind="pending" note=${pace(pending, rates)} />
    </dl>
    <${Bar} parts=${parts} label=${`Of all deliveries: ${told}`} />
    <p class="books-foot">
      ${
        stats.balanced
          ? html`<${Chip} kind="good">✓ the books balance<//>`
          : html`<${Chip} kind="bad">✗ the books do not balance<//>`
      }
      <span>${plural(stats.topics, "topic")}</span>
      <span>${plural(stats.workers, "worker")}</span>
      <span>${count(stats.queue_size)} waiting for the writer</span>
      <span>up for ${duration(stats.uptime_seconds)}</span>
    </p>
  </section>`;
}

function pace(pending, rates) {
  if (!pending) return "keeping up";
  return rates.unique || rates.duplicate ? "being projected" : "waiting";
}

function Figure({ label, value, note, kind, to }) {
  return html`<div class="figure ${kind}">
    <dt>${label}</dt>
    <dd>
      <span class="figure-value" data-figure=${label}>${count(value)}</span>
      <span class="figure-note">${to ? html`<a href=${href(to)}>${note}</a>` : note}</span>
    </dd>
  </div>`;
}

function Charts({ samples }) {
  const data = useMemo(() => {
    const column = (pick) => samples.map(pick);
    const at = column((sample) => sample.at);
    const projected = column((sample) => (sample.unique === null ? null : sample.unique + sample.duplicate));
    return {
      throughput: [at, column((sample) => sample.received), projected],
      sorts: [at, column((sample) => sample.unique), column((sample) => sample.duplicate)],
      lag: [at, column((sample) => sample.pending)],
    };
  }, [samples]);
  return html`<section class="charts" aria-label="Since you opened this page">
    <${Chart} title="Throughput per second" series=${THROUGHPUT} data=${data.throughput} join="live" span=${SPAN_SECONDS} />
    <${Chart} title="Projected per second" series=${SORTS} data=${data.sorts} join="live" span=${SPAN_SECONDS} />
    <${Chart} title="Lag, in deliveries" series=${LAG} data=${data.lag} join="live" span=${SPAN_SECONDS} />
  </section>`;
}

function Topics({ stats, many, more }) {
  const [wanted, setWanted] = useState("");
  const found = stats.by_topic.filter((row) => row.topic.toLowerCase().includes(wanted.toLowerCase()));
  const listed = stats.by_topic.length;
  const actions = html`<input type="search" data-filter placeholder="Filter topics" aria-label="Filter topics" value=${wanted}
    onInput=${(event) => setWanted(event.target.value)} />`;
  return html`<${Section} title="Topics" id="topics" actions=${actions}>
    ${
      stats.topics > listed &&
      html`<p class="faint">The ${count(listed)} largest of ${count(stats.topics)}.
      ${many < TOPICS_MORE && html` <button type="button" class="link" onClick=${more}>Show ${count(TOPICS_MORE)}</button>`}</p>`
    }
    ${found.length > 0 && html`<${TopicTable} rows=${found} />`}
    ${found.length === 0 && wanted && html`<${Elsewhere} topic=${wanted} isAll=${stats.topics <= listed} />`}
  <//>`;
}

// Topics that are none of the largest are asked for by how they begin.
function Elsewhere({ topic, isAll }) {
  const answer = useRead(isAll ? null : "stats", { topic: `${topic}*`, topics: MATCHES });
  if (answer.data?.by_topic.length) return html`<${TopicTable} rows=${answer.data.by_topic} />`;
  const told = isAll
    ? "No topic has that in its name."
    : "None of these has that in its name, and no other topic begins with it.";
  return html`<p class="faint">${told}</p>`;
}

const TOPIC_COLUMNS = [
  {
    name: "topic",
    title: "Topic",
    kind: "title",
    value: (row) => row.topic,
    show: (row) =>
      html`<a href=${href("events", { topic: row.topic, order: "desc" })}><${Given}>${row.topic}<//></a>`,
  },
  ...[
    ["received", "Received"],
    ["unique_processed", "Unique"],
    ["duplicate_dropped", "Duplicate"],
    ["conflicts", "Conflicts"],
    ["quarantined", "Quarantined"],
  ].map(([name, title]) => ({
    name,
    title,
    numeric: true,
    value: (row) => row[name],
    show: (row) => (row[name] ? count(row[name]) : html`<span class="faint">0</span>`),
  })),
  {
    name: "share",
    title: "Duplicate share",
    numeric: true,
    value: (row) => (row.received ? row.duplicate_dropped / row.received : 0),
    show: (row) => share(row.duplicate_dropped, row.received),
  },
];

function TopicTable({ rows }) {
  return html`<${Table} caption="Topics and their counts" columns=${TOPIC_COLUMNS} rows=${rows}
    keyOf=${(row) => row.topic} order=${{ name: "received", down: true }} />`;
}

function First() {
  const event = JSON.stringify({
    topic: "order.cart.submitted",
    event_id: "1001",
    timestamp: new Date().toISOString(),
    source: "web-shop",
    payload: { total: 4200 },
  });
  const command = useRef(
    `curl ${location.origin}/publish -H 'Content-Type: application/json' -d '${event}'`,
  ).current;
  return html`<${Section} title="The log is empty" id="first" 
    actions=${html`<${Copy} text=${command} what="the command" />`}>
    <p>Publish a first event, or send a simulated load with <code>eventlog simulate</code>:</p>
    <pre class="raw">${command}</pre>
  <//>`;
}
