// A simple chart of a result: one column across, some numbers up.

import { html, useMemo, useState } from "../vendor/preact.js";
import { textOf } from "../questions.js";
import { Chart } from "../ui/chart.js";
import { isMoment, isNumber } from "./result.js";

const KINDS = ["accent", "duplicate", "unique", "conflict"];
const CATEGORIES_MAX = 60;

export function Plot({ result }) {
  const { columns } = result;
  const [across, setAcross] = useState(() => Math.max(0, columns.findIndex((column) => isMoment(column) || !isNumber(column))));
  const numbers = columns.map((column, index) => ({ column, index })).filter(({ column, index }) => isNumber(column) && index !== across);
  const [up, setUp] = useState(null);
  const chosen = up === null || !numbers.some(({ index }) => index === up) ? numbers.slice(0, KINDS.length) : numbers.filter(({ index }) => index === up);
  const isTime = isMoment(columns[across]);
  const drawn = useMemo(() => dataOf(result.rows, across, chosen.map(({ index }) => index), isTime), [result, across, up]);
  const series = chosen.map(({ column }, place) => ({ label: column.name, kind: KINDS[place], bars: !isTime && chosen.length === 1 }));
  return html`<div class="card plot-card">
    <div class="plot-choice">
      <label class="field"><span>Across</span>
        <select value=${String(across)} onChange=${(event) => setAcross(Number(event.target.value))}>
          ${columns.map((column, index) => html`<option key=${index} value=${String(index)}>${column.name}</option>`)}
        </select></label>
      <label class="field"><span>Up</span>
        <select value=${String(up ?? "")} onChange=${(event) => setUp(event.target.value === "" ? null : Number(event.target.value))}>
          <option value="">all numbers</option>
          ${numbers.map(({ column, index }) => html`<option key=${index} value=${String(index)}>${column.name}</option>`)}
        </select></label>
      ${drawn.cut && html`<p class="faint">The first ${CATEGORIES_MAX} rows are drawn.</p>`}
    </div>
    ${series.length > 0 &&
    html`<${Chart} key=${`${across} ${up}`} title=${null} series=${series} data=${drawn.data} height=${260} time=${isTime} xLabels=${drawn.labels} />`}
  </div>`;
}

function dataOf(rows, across, up, isTime) {
  const numbers = (kept) => up.map((index) => kept.map((row) => (row[index] === null ? null : Number(textOf(row[index])))));
  if (!isTime) {
    const kept = rows.slice(0, CATEGORIES_MAX);
    return {
      data: [kept.map((_, place) => place), ...numbers(kept)],
      labels: kept.map((row) => textOf(row[across]) ?? "null"),
      cut: rows.length > kept.length,
    };
  }
  const at = (row) => Date.parse(row[across]) / 1000;
  const kept = rows.filter((row) => Number.isFinite(at(row))).sort((one, other) => at(one) - at(other));
  return { data: [kept.map(at), ...numbers(kept)], labels: null, cut: false };
}
