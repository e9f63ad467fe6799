// What is wrong, in words, and what to do about it.

import { html } from "../vendor/preact.js";
import { count, duration, plural } from "../format.js";
import { useLive } from "../live.js";
import { useRead } from "../reading.js";
import { href } from "../routing.js";
import { Chip, Copy, Section, Time, visible } from "../ui/parts.js";
import { Failure, Loading } from "../ui/states.js";

const WATCH_MS = 2000;
const SURVEY_MS = 15_000;
const LATE_SECONDS = 10;
const SEVERITY = ["bad", "warn", "good"];

export function Health() {
  const health = useRead("health", {}, { every: WATCH_MS });
  const projections = useRead("projections", {}, { every: WATCH_MS });
  const survey = useRead("health/findings", {}, { every: SURVEY_MS });
  const { stats } = useLive();
  const away = health.problem?.isAway;
  const found = away ? [] : findings(health.data, projections.data, stats, survey.data);
  const worst = away ? "bad" : (SEVERITY.find((kind) => found.some((each) => each.kind === kind)) ?? "good");
  return html`
    <header class="page-head"><h1>Health</h1></header>
    ${health.problem && html`<${Failure} problem=${health.problem} retry=${health.reload} />`}
    ${!health.data && !health.problem && html`<${Loading} what="Asking" />`}
    ${
      !away &&
      health.data &&
      html`
      <p class="verdict-large ${worst}" role="status">${headline(found)}</p>
      <ul class="findings">${found.map((each) => html`<${Finding} ...${each} />`)}</ul>`
    }
    ${survey.data && html`<${Checks} survey=${survey.data} />`}
    ${stats && html`<${About} stats=${stats} />`}
  `;
}

function headline(found) {
  const bad = found.filter((each) => each.kind === "bad").length;
  const warn = found.filter((each) => each.kind === "warn").length;
  if (bad)
    return `${plural(bad, "thing is", "things are")} wrong${warn ? `, and ${count(warn)} to look at` : ""}.`;
  if (warn) return `It works. ${plural(warn, "thing", "things")} to look at.`;
  return "All is well.";
}

const WORDS = { good: "fine", warn: "look at", bad: "wrong" };
const MARKS = { good: "✓", warn: "!", bad: "✗" };

function Finding({ kind, title, children, to }) {
  return html`<li class="finding">
    <${Chip} kind=${kind}>
      <span aria-hidden="true">${MARKS[kind]}</span><span class="hidden">${WORDS[kind]}:</span>
    <//>
    <div>
      <b>${title}</b>
      ${children && html`<p class="faint">${children}${to && html` <a href=${href(to)}>Look</a>`}</p>`}
    </div>
  </li>`;
}

function findings(health, projections, stats, survey) {
  const found = [
    ...ofService(health),
    ...ofBooks(stats),
    ...(projections ?? []).map(ofProjection),
    ...ofDatabase(survey),
  ];
  return found.sort((one, other) => SEVERITY.indexOf(one.kind) - SEVERITY.indexOf(other.kind));
}

function ofService(health) {
  if (!health) return [];
  const { database, queue, workers } = health;
  return [
    database === "ok"
      ? { kind: "good", title: "The database can be written and read" }
      : {
          kind: "bad",
          title: "The database cannot be used",
          children: `It is ${database}. Publishing is answered 503 until then; eventlog doctor says how to mend it.`,
        },
    queue === "full"
      ? {
          kind: "bad",
          title: "The writer's queue is full",
          children: "Publishes are answered 503 until it drains: the database is slower than what comes in.",
        }
      : { kind: "good", title: "The writer takes events" },
    ...(workers === null || workers === undefined
      ? []
      : [
          workers
            ? { kind: "good", title: `${plural(workers, "worker")} at work` }
            : {
                kind: "warn",
                title: "No worker is connected",
                children: "Publishing goes on, but nothing is projected: start eventlog worker.",
              },
        ]),
  ];
}

const KINDS = { failed: "bad", warning: "warn" };

function ofDatabase(survey) {
  if (!survey) return [];
  const unusual = survey.filter(({ status }) => status !== "ok");
  if (!unusual.length) return [{ kind: "good", title: "PostgreSQL is set up as it should be" }];
  return unusual.map(({ name, status, found, mend }) => ({
    kind: KINDS[status],
    title: html`${name}: <bdi>${visible(found)}</bdi>`,
    children: html`To mend it: <bdi>${visible(mend)}</bdi>`,
  }));
}

function ofBooks(stats) {
  if (!stats) return [];
  return [
    stats.balanced
      ? {
          kind: "good",
          title: "The books balance",
          children: "Every delivery in the log is accounted for once.",
        }
      : {
          kind: "bad",
          title: "The books do not balance",
          children: "Deliveries are counted twice or not at all: run eventlog verify, and tell its authors.",
        },
    ...(stats.conflicts
      ? [
          {
            kind: "warn",
            title: plural(stats.conflicts, "conflict"),
            children: "Events that were delivered again with another content. The first delivery counts.",
          },
        ]
      : []),
  ];
}

function ofProjection(projection) {
  const { name, lag_seconds: late, lag_deliveries: lag } = projection;
  if (projection.failure)
    return {
      kind: "bad",
      title: `${name} makes no progress`,
      children: projection.failure,
      to: "projections",
    };
  if (projection.state === "rebuilding")
    return {
      kind: "warn",
      title: `${name} is being rebuilt`,
      children: "Readers see its live version until the switch.",
      to: "projections",
    };
  if (projection.state === "dropped")
    return {
      kind: "bad",
      title: `${name} is dropped`,
      children: "Reading it is answered 503 until it is rebuilt.",
      to: "projections",
    };
  if (!projection.fits)
    return {
      kind: "bad",
      title: `${name} was made by other code`,
      children: "It stands still until it is rebuilt.",
      to: "projections",
    };
  if (lag && late > LATE_SECONDS)
    return {
      kind: "warn",
      title: `${name} lags ${duration(late)} behind`,
      children: `${plural(lag, "delivery waits", "deliveries wait")} to be projected.`,
      to: "projections",
    };
  if (projection.quarantined)
    return {
      kind: "warn",
      title: `${name} could not digest ${plural(projection.quarantined, "delivery", "deliveries")}`,
      children: "The rest goes on.",
      to: "quarantine",
    };
  return {
    kind: "good",
    title: `${name} keeps up`,
    children: `Version ${projection.version}, ${lag ? `${plural(lag, "delivery", "deliveries")} behind` : "nothing waits"}.`,
  };
}

// Also what is as it should be: whoever looks for a setting finds it here.
function Checks({ survey }) {
  return html`<${Section} title="The database" id="database">
    <dl class="facts">
      ${survey.map(
        ({ name, status, found }) => html`<div>
          <dt>${name}</dt>
          <dd class=${KINDS[status]}><bdi>${visible(found)}</bdi></dd>
        </div>`,
      )}
    </dl>
  <//>`;
}

function About({ stats }) {
  return html`<${Section} title="This service" id="about">
    <dl class="facts">
      <div><dt>version</dt><dd>${stats.version} <${Copy} text=${stats.version} what="the version" /></dd></div>
      <div><dt>started</dt><dd><${Time} at=${stats.started_at} /></dd></div>
      <div><dt>up for</dt><dd>${duration(stats.uptime_seconds)}</dd></div>
      <div><dt>waiting for the writer</dt><dd>${plural(stats.queue_size, "event")}</dd></div>
      <div><dt>for programs</dt>
        <dd><a href="docs">API</a>, <a href="metrics">metrics</a>, <a href="health">health</a></dd></div>
    </dl>
  <//>`;
}
