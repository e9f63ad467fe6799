// What differs between two JSON documents, as parseExactly returns them: by content, as the log compares
// them, so that neither white space, nor the order of keys, nor the way a number is written counts.

const DIFFERENCES_MAX = 500;

// Returns [{ path, before, after }]; undefined is what is not there.
export function differences(before, after) {
  const found = [];
  compare(before, after, "", found);
  return found;
}

function compare(before, after, path, found) {
  if (found.length >= DIFFERENCES_MAX || (isScalar(before) && isScalar(after) && sameScalar(before, after)))
    return;
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names) compare(before[name], after[name], pathOf(path, name, before), found);
    return;
  }
  found.push({ path: path || "(all of it)", before, after });
}

function pathOf(path, name, parent) {
  if (Array.isArray(parent)) return `${path}[${name}]`;
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path ? `${path}.${name}` : name;
}

export function isRaw(value) {
  return typeof value === "object" && value !== null && (JSON.isRawJSON?.(value) ?? false);
}

export function isBranch(value) {
  return typeof value === "object" && value !== null && !isRaw(value);
}

function isScalar(value) {
  return !isBranch(value);
}

function isNumber(value) {
  return typeof value === "number" || isRaw(value);
}

function sameScalar(one, other) {
  if (isNumber(one) && isNumber(other)) return digits(written(one)) === digits(written(other));
  return one === other;
}

// A value as JSON; a number as it was written.
export function written(value) {
  return isRaw(value) ? value.rawJSON : JSON.stringify(value);
}

// One spelling for each number: its sign, its digits without zeros around, and where the point is.
function digits(number) {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(
    number,
  );
  const all = (whole + fraction).replace(/^0+/, "");
  if (!all) return "0";
  const kept = all.replace(/0+$/, "");
  return `${sign}${kept}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(all.length - kept.length)}`;
}
