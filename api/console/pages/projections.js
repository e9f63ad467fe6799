// What is derived from the log: how far each projection is, and what can be done to it.

import { html, useEffect, useState } from "../vendor/preact.js";
import { count, duration, plural, rate, share } from "../format.js";
import { useRead } from "../reading.js";
import { send } from "../requests.js";
import { go, href } from "../routing.js";
import { Chip, Progress, Section } from "../ui/parts.js";
import { Confirm } from "../ui/dialog.js";
import { Empty, Failure, Read } from "../ui/states.js";
import { Table } from "../ui/table.js";
import { Operation } from "./operation.js";
import { Rebuild } from "./rebuild.js";
import { Timeline } from "./timeline.js";

const WATCH_MS = 1000;
const FOLLOW_MS = 400;
const PARTITIONS_OPEN = 8;

export function Projections({ parameters }) {
  const answer = useRead("projections", {}, { every: WATCH_MS });
  const [running, setRunning] = useState(true);
  const { operation: id = null } = parameters;
  const operation = useRead(id && `operations/${id}`, {}, { every: id && running ? FOLLOW_MS : 0 });
  const isRunning = operation.data === null || operation.data.state === "running";
  useEffect(() => setRunning(isRunning), [isRunning, id]);
  useEffect(() => void (isRunning || answer.reload()), [isRunning]);
  return html`
    <header class="page-head"><h1>Projections</h1></header>
    ${operation.problem && operation.data === null && html`<${Failure} problem=${operation.problem} />`}
    <${Read} of=${answer} what="Reading the projections">${(projections) =>
      projections.length
        ? html`<div class="cards">
            ${projections.map(
              (one) =>
                html`<${Projection} key=${one.name} projection=${one} operation=${operationOf(one, operation.data)} />`,
            )}
          </div>`
        : html`<${Empty} title="There is no projection" />`}<//>
    <${Timeline} page="projections" parameters=${parameters} />
  `;
}

// The one that was asked for, to its end; else the one that is under way, whoever began it.
function operationOf(projection, asked) {
  if (asked?.projection === projection.name) return asked;
  return projection.operation && { ...projection.operation, state: "running" };
}

function Projection({ projection, operation }) {
  const [asking, setAsking] = useState(null);
  const [problem, setProblem] = useState(null);
  const { name, state } = projection;
  const isBusy = operation?.state === "running";
  const begin = async (path) => {
    setAsking(null);
    setProblem(null);
    try {
      const begun = await send("POST", `projections/${encodeURIComponent(name)}/${path}`);
      go("projections", { operation: begun.operation });
    } catch (refused) {
      setProblem(refused);
    }
  };
  const actions = html`
    <button type="button" disabled=${isBusy || state === "dropped"} onClick=${() => setAsking("verify")}>Verify …</button>
    <button type="button" disabled=${isBusy} onClick=${() => setAsking("rebuild")}>Rebuild …</button>
  `;
  return html`<${Section} class="card projection" title=${name} id=${`projection-${name}`} actions=${actions}>
    <${Figures} projection=${projection} />
    ${
      !projection.fits &&
      html`<p class="notice warn">Its live version was made by other code than this:
        it stands still until it is rebuilt.</p>`
    }
    ${projection.failure && html`<p class="notice bad">It makes no progress: ${projection.failure}</p>`}
    ${problem && html`<${Failure} problem=${problem} />`}
    ${operation && html`<${Operation} operation=${operation} />`}
    <${Partitions} projection=${projection} />
    ${
      asking === "verify" &&
      html`<${Confirm} title=${`Verify ${name}?`} action="Verify"
        onConfirm=${() => begin("verify")} onClose=${() => setAsking(null)}>
      <p>The log is replayed beside it, under one snapshot, and every row is compared. Nothing is changed, and
        readers and publishers go on; it costs reading the whole log once.</p>
    <//>`
    }
    ${asking === "rebuild" && html`<${Rebuild} name=${name} onConfirm=${begin} onClose=${() => setAsking(null)} />`}
  <//>`;
}

function Figures({ projection }) {
  const { state, version, quarantined } = projection;
  const facts = [
    ["state", html`<${Chip} kind=${state} />`],
    ["version", version ?? "–"],
    ["deliveries behind", count(projection.lag_deliveries)],
    ["oldest waiting", projection.lag_deliveries ? duration(projection.lag_seconds) : "none"],
    ["rate, last minute", rate(projection.rate)],
    ["quarantined", quarantined ? html`<a href=${href("quarantine")}>${count(quarantined)}</a>` : "0"],
  ];
  return html`<dl class="facts">
    ${facts.map(([title, value]) => html`<div key=${title}><dt>${title}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

const COLUMNS = [
  { name: "partition", title: "Partition", numeric: true, kind: "title", value: (row) => row.partition },
  {
    name: "checkpoint",
    title: "Checkpoint",
    numeric: true,
    value: (row) => row.checkpoint,
    show: (row) => count(row.checkpoint),
  },
  { name: "head", title: "Head", numeric: true, value: (row) => row.head, show: (row) => count(row.head) },
  {
    name: "lag",
    title: "Lag",
    numeric: true,
    value: (row) => row.lag_deliveries,
    show: (row) => count(row.lag_deliveries),
  },
  {
    name: "done",
    title: "Projected",
    kind: "meter",
    value: (row) => (row.head ? (row.checkpoint ?? 0) / row.head : 1),
    show: (row) => html`<${Progress} done=${row.head ? (row.checkpoint ?? 0) : 1} total=${row.head || 1}
      label=${`Partition ${row.partition}: ${share(row.checkpoint ?? 0, row.head)} projected`} />`,
  },
];

function Partitions({ projection }) {
  const { partitions, name } = projection;
  const [open, setOpen] = useState(partitions.length <= PARTITIONS_OPEN);
  return html`<details open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${plural(partitions.length, "partition")}</summary>
    ${
      open &&
      html`<${Table} caption=${`Partitions of ${name}`} columns=${COLUMNS} rows=${partitions}
        keyOf=${(row) => row.partition} stack=${false} />`
    }
  </details>`;
}
