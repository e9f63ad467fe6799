// A table: sortable where its columns say so; on a narrow screen its rows become cards.
// The roles are spelled out because the cards take a table's own from it.

import { html, useMemo, useState } from "../vendor/preact.js";

// columns: { name, title, value (to sort by), show, numeric, wide }; rows are few, a thousand at the most.
export function Table({
  caption,
  columns,
  rows,
  keyOf,
  order = null,
  onOpen = null,
  chosen = null,
  stack = true,
  kind = "",
}) {
  const [sort, setSort] = useState(order);
  const sorted = useMemo(() => sortedBy(rows, columns, sort), [rows, sort, columns.length]);
  const turn = (column) =>
    setSort((old) => ({
      name: column.name,
      down: old?.name === column.name ? !old.down : Boolean(column.numeric),
    }));
  return html`<div class="table-scroll" role="region" aria-label=${caption} tabindex="0">
    <table class=${`table ${stack ? "stack" : ""} ${kind}`} role="table">
      <caption class="hidden">${caption}</caption>
      <thead role="rowgroup">
        <tr role="row">${columns.map((column) => html`<${Head} key=${column.name} ...${{ column, sort, turn }} />`)}</tr>
      </thead>
      <tbody role="rowgroup">
        ${sorted.map(
          (row, index) => html`<tr
            key=${keyOf ? keyOf(row) : index}
            role="row"
            class=${chosen !== null && keyOf(row) === chosen ? "chosen" : ""}
            onClick=${onOpen && ((event) => opened(event, () => onOpen(row)))}
          >
            ${columns.map(
              (
                column,
              ) => html`<td key=${column.name} role="cell" class=${kindOf(column)} data-label=${column.title}>
                ${column.show ? column.show(row) : column.value(row)}
              </td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function Head({ column, sort, turn }) {
  const mine = sort?.name === column.name;
  const direction = mine ? (sort.down ? "descending" : "ascending") : undefined;
  if (!column.value)
    return html`<th scope="col" role="columnheader" class=${kindOf(column)}>${column.title}</th>`;
  return html`<th scope="col" role="columnheader" class=${kindOf(column)} aria-sort=${direction ?? "none"}>
    <button type="button" class="sort" onClick=${() => turn(column)}>
      ${column.title}<span aria-hidden="true" class="arrow">${mine ? (sort.down ? "↓" : "↑") : ""}</span>
    </button>
  </th>`;
}

function kindOf(column) {
  return [column.numeric && "number", column.wide && "wide", column.kind].filter(Boolean).join(" ");
}

// A click on a link or a button within the row is theirs, and a selection of text is no click.
function opened(event, open) {
  if (!event.target.closest("a, button, input") && getSelection().isCollapsed) open();
}

export function sortedBy(rows, columns, sort) {
  const column = sort && columns.find((each) => each.name === sort.name);
  if (!column?.value) return rows;
  const keyed = rows.map((row) => [column.value(row), row]);
  keyed.sort(([one], [other]) => (sort.down ? compare(other, one) : compare(one, other)));
  return keyed.map(([, row]) => row);
}

// What is not there comes last, going up.
function compare(one, other) {
  const none = (one === null || one === undefined) - (other === null || other === undefined);
  if (none || one === null || one === undefined) return none;
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one) < String(other) ? -1 : String(one) > String(other) ? 1 : 0;
}
