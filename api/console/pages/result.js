// The rows that a statement answered: a table that sorts, a chart, files.

import { html, useMemo, useState } from "../vendor/preact.js";
import { count, duration, plural } from "../format.js";
import { isMoment, isNumber, rankOf, saveCsv, saveJson, textOf } from "../questions.js";
import { Given } from "../ui/parts.js";
import { Empty, Failure } from "../ui/states.js";
import { Table } from "../ui/table.js";
import { Plot } from "./plot.js";

// Longer texts are broken over several lines.
const CELL_CHARACTERS = 28;
// More rows than a person reads make a slow page; the files have all of them.
const ROWS_STEP = 500;

export function Result({ result, body }) {
  const [view, setView] = useState("table");
  const [problem, setProblem] = useState(null);
  const csv = () => saveCsv(body).catch(setProblem);
  const canPlot = result.columns.some(isNumber) && result.rows.length > 0;
  const views = [
    ["table", "Table"],
    ["chart", "Chart"],
  ];
  return html`<section aria-label="Result" class="result" data-rows=${result.row_count}>
    <header class="section-head">
      <p role="status">${plural(result.row_count, "row")} in ${duration(result.elapsed_ms / 1000)}</p>
      <div class="actions">
        ${
          canPlot &&
          html`<div class="tabs" role="group" aria-label="How to show it">
          ${views.map(
            ([
              name,
              title,
            ]) => html`<button type="button" key=${name} class="small" aria-pressed=${view === name}
              onClick=${() => setView(name)}>${title}</button>`,
          )}
        </div>`
        }
        <button type="button" class="small" onClick=${csv}>Save CSV</button>
        <button type="button" class="small" onClick=${() => saveJson(result)}>Save JSON</button>
      </div>
    </header>
    ${problem && html`<${Failure} problem=${problem} />`}
    ${
      result.truncated &&
      html`<p class="notice warn">There is more: these are the first ${plural(result.row_count, "row")}.</p>`
    }
    ${view === "chart" && canPlot ? html`<${Plot} result=${result} />` : html`<${Rows} result=${result} />`}
  </section>`;
}

function Rows({ result }) {
  const [shown, setShown] = useState(ROWS_STEP);
  const columns = useMemo(
    () => result.columns.map((column, index) => columnOf(column, index, result.rows)),
    [result],
  );
  if (!result.rows.length) return html`<${Empty} title="No row" />`;
  return html`<${Table} caption="Rows" columns=${columns} rows=${result.rows.slice(0, shown)} stack=${false} />
    ${
      result.rows.length > shown &&
      html`<p class="faint">${count(shown)} of ${count(result.rows.length)} rows are shown and sorted.
      <button type="button" class="link" onClick=${() => setShown(shown + ROWS_STEP)}>Show more</button></p>`
    }`;
}

function columnOf(column, index, rows) {
  const numeric = isNumber(column);
  const characters = Math.max(0, ...rows.slice(0, ROWS_STEP).map((row) => (textOf(row[index]) ?? "").length));
  return {
    name: `${index}`,
    title: column.name,
    numeric,
    kind: isMoment(column) ? "nowrap" : "cell",
    value: (row) => rankOf(row[index], numeric),
    show: (row) =>
      html`<${Cell} value=${row[index]} numeric=${numeric} width=${Math.min(CELL_CHARACTERS, characters)} />`,
  };
}

function Cell({ value, numeric, width }) {
  const text = textOf(value);
  if (text === null) return html`<span class="faint">null</span>`;
  if (numeric || typeof value === "boolean") return text;
  return html`<span class="cell-text" style=${{ minWidth: `${width}ch` }}><${Given}>${text}<//></span>`;
}
