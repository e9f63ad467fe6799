// POST /sql, and its result as files.

import { parseExactly, request } from "./requests.js";
import { isBranch, isRaw, written } from "./compare.js";

function post(body, accept) {
  const headers = { "Content-Type": "application/json", Accept: accept };
  return request("sql", { method: "POST", headers, body: JSON.stringify(body) });
}

export async function ask(body) {
  return parseExactly(await (await post(body, "application/json")).text());
}

// The service writes it, so that nothing in it is a formula: who saves it here opens it in a spreadsheet.
export async function saveCsv(body) {
  save(await (await post({ ...body, spreadsheet: true }, "text/csv")).text(), "text/csv", "csv");
}

export function saveJson({ columns, rows }) {
  const names = unrepeated(columns.map((column) => column.name));
  const objects = rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], value])));
  save(`${JSON.stringify(objects, null, 1)}\n`, "application/json", "json");
}

// Columns may have the same name, members of an object may not.
function unrepeated(names) {
  const seen = new Map();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times > 1 ? `${name}_${times}` : name;
  });
}

function save(text, type, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = `eventlog-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "")}.${ending}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

const NUMBERS = new Set(["int2", "int4", "int8", "oid", "numeric", "float4", "float8"]);

export const isNumber = (column) => NUMBERS.has(column.type);
export const isMoment = (column) => /^(timestamp|date)/.test(column.type);

// A value of a result: what to show, and what to sort by.
export function textOf(value) {
  if (value === null) return null;
  return typeof value === "string" ? value : isBranch(value) || isRaw(value) ? written(value) : String(value);
}

export function rankOf(value, isNumber) {
  if (value === null) return null;
  return isNumber ? Number(textOf(value)) : typeof value === "boolean" ? Number(value) : textOf(value);
}
