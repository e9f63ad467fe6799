// How values are written: the same everywhere, times in UTC.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export const NONE = "–";

export function count(value) {
  return value === null || value === undefined ? NONE : whole.format(value);
}

export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return NONE;
  return `${(perSecond < 10 ? tenths : whole).format(perSecond)}/s`;
}

export function short(value) {
  return value === null || value === undefined ? NONE : compact.format(value);
}

export function share(part, all) {
  if (!all) return "0 %";
  const percent = (100 * part) / all;
  return `${percent > 0 && percent < 0.1 ? "< 0.1" : tenths.format(percent)} %`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 0.0005) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${tenths.format(seconds)} s`;
  const units = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  let left = Math.round(seconds);
  const parts = [];
  for (const [name, size] of units) {
    const many = Math.floor(left / size);
    left -= many * size;
    if (many || parts.length) parts.push(`${many} ${name}`);
  }
  return parts.slice(0, 2).join(" ");
}

export function bytes(many) {
  if (many < 1024) return `${many} bytes`;
  return many < 1024 * 1024 ? `${tenths.format(many / 1024)} KiB` : `${tenths.format(many / 1048576)} MiB`;
}

// 2025-10-21T10:00:00.123Z → 2025-10-21 10:00:00.123
export function moment(text) {
  return text ? text.replace("T", " ").replace(/Z$/, "") : NONE;
}

export function clock(date) {
  return date.toISOString().slice(11, 19);
}

export function plural(many, one, more = `${one}s`) {
  return `${count(many)} ${many === 1 ? one : more}`;
}
