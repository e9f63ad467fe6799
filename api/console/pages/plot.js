// A simple chart of a result: one column across, some numbers up.

import { html, useMemo, useState } from "../vendor/preact.js";
import { isMoment, isNumber, textOf } from "../questions.js";
import { Chart } from "../ui/chart.js";

const KINDS = ["accent", "duplicate", "unique", "conflict"];
const CATEGORIES_MAX = 60;

export function Plot({ result }) {
  const columns = result.columns.map((column, index) => ({ ...column, index }));
  const [across, setAcross] = useState(() => columns.find((column) => !isNumber(column))?.index ?? 0);
  const [up, setUp] = useState(() => (isMoment(columns[across]) ? "" : firstOf(columns)));
  const numbers = columns.filter((column) => isNumber(column) && column.index !== across);
  const one = numbers.filter((column) => String(column.index) === up);
  const chosen = one.length ? one : numbers.slice(0, KINDS.length);
  const isTime = isMoment(columns[across]);
  const drawn = useMemo(() => dataOf(result.rows, across, chosen, isTime), [result, across, up]);
  const bars = !isTime && chosen.length === 1;
  const series = chosen.map(({ name }, place) => ({ label: name, kind: KINDS[place], bars }));
  return html`<div class="card plot-card">
    <div class="plot-choice">
      <label class="field"><span>Across</span>
        <select value=${String(across)} onChange=${(event) => setAcross(Number(event.target.value))}>
          ${columns.map(({ name, index }) => html`<option key=${index} value=${String(index)}>${name}</option>`)}
        </select></label>
      <label class="field"><span>Up</span>
        <select value=${up} onChange=${(event) => setUp(event.target.value)}>
          <option value="">all numbers</option>
          ${numbers.map(({ name, index }) => html`<option key=${index} value=${String(index)}>${name}</option>`)}
        </select></label>
      ${drawn.cut && html`<p class="faint">The first ${CATEGORIES_MAX} rows are drawn.</p>`}
    </div>
    ${
      series.length > 0 &&
      html`<${Chart} key=${`${across} ${up}`} title=${null} series=${series} data=${drawn.data} height=${260}
      time=${isTime} xLabels=${drawn.labels} />`
    }
  </div>`;
}

// Bars stand beside one another badly: across things that are no moments, one number is enough to begin.
function firstOf(columns) {
  return String(columns.find(isNumber).index);
}

function dataOf(rows, across, up, isTime) {
  const number = (value) => (value === null ? null : Number(textOf(value)));
  const numbers = (kept) => up.map(({ index }) => kept.map((row) => number(row[index])));
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
