// A chart over time or over a category, drawn by uPlot, with a legend that tells the values in words.

import uPlot from "../vendor/uplot.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { short } from "../format.js";

const LABEL_PIXELS = 104;
const LABEL_ASLANT_PIXELS = 22;
const darkness = matchMedia("(prefers-color-scheme: dark)");

// series: [{ label, kind, fill, bars }], whose colour is the style's --kind; data: [x, y, …] as uPlot has it.
// span: the least seconds across. join: charts of the same word move their cursors together.
export function Chart({
  title,
  series,
  data,
  height = 150,
  format = short,
  time = true,
  join = null,
  xLabels = null,
  span = 0,
}) {
  const box = useRef(null);
  const plot = useRef(null);
  const [index, setIndex] = useState(null);
  const theme = useTheme();
  const shape = JSON.stringify([series, height, time, theme]);

  useLayoutEffect(() => {
    const options = optionsOf({
      series,
      height,
      format,
      time,
      join,
      xLabels,
      span,
      width: box.current.clientWidth,
    });
    options.hooks = { setCursor: [(chart) => setIndex(chart.cursor.idx ?? null)] };
    plot.current = new uPlot(options, data, box.current);
    const watcher = new ResizeObserver(() => {
      plot.current.setSize({ width: box.current.clientWidth, height });
    });
    watcher.observe(box.current);
    return () => {
      watcher.disconnect();
      plot.current.destroy();
    };
  }, [shape]);

  useEffect(() => plot.current.setData(data), [data]);

  const at = index === null || index >= data[0].length ? data[0].length - 1 : index;
  // Over time the last value is the one that counts; of categories none does, until one is pointed at.
  const isTold = time || index !== null;
  const valueOf = (number) => (isTold ? format(data[number + 1]?.[at] ?? null) : "");
  const values = series.map((one, number) => `${one.label} ${valueOf(number)}`);
  return html`<figure class="chart">
    <figcaption>
      ${title && html`<span class="chart-title">${title}</span>`}
      <span class="legend">
        ${series.map(
          (one, number) => html`<span key=${one.label} class="legend-item ${one.kind}">
            ${one.label} <b>${valueOf(number)}</b>
          </span>`,
        )}
        ${index !== null && at >= 0 && html`<span class="legend-at">${labelOf(data[0][at], time, xLabels)}</span>`}
      </span>
    </figcaption>
    <div class="plot" ref=${box} role="img" aria-label=${`${title ?? "Chart"}: ${values.join(", ")}`}></div>
  </figure>`;
}

function labelOf(x, time, xLabels) {
  if (!time) return xLabels ? xLabels[x] : String(x);
  return `${new Date(x * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

// Changes when the colours do, so that what is drawn with them is drawn anew.
function useTheme() {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const changed = () => setChanges((many) => many + 1);
    const watcher = new MutationObserver(changed);
    watcher.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    darkness.addEventListener("change", changed);
    return () => {
      watcher.disconnect();
      darkness.removeEventListener("change", changed);
    };
  }, []);
  return changes;
}

// A canvas knows no variables of the style, so they are looked up, as what they are in this theme.
function colourOf(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function optionsOf({ series, height, format, time, join, xLabels, span, width }) {
  const font = `11px ${getComputedStyle(document.documentElement).getPropertyValue("--sans")}`;
  const axis = { stroke: colourOf("ink-3"), font, ticks: { show: false } };
  return {
    width,
    height,
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: {
      y: false,
      drag: { setScale: false, x: false },
      points: { size: 7 },
      ...(join ? { sync: { key: join } } : {}),
    },
    // Room for half a label beyond the last tick, and for one that ends at the first.
    padding: [8, time ? 26 : 8, 0, isAslant(xLabels, width) ? 14 : 0],
    scales: {
      x: {
        time,
        range: (_, low, high) => (time ? [Math.min(low, high - span), high] : [low - 0.6, high + 0.6]),
      },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.08)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 72, ...(xLabels ? categories(xLabels, width) : time ? moments : {}) },
      {
        ...axis,
        grid: { stroke: colourOf("line"), width: 1 },
        size: 48,
        space: 32,
        values: (_, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [{}, ...series.map(lineOf)],
  };
}

// The time of day, and the date where it is another one.
const moments = {
  size: 42,
  values: (_, splits, __, ___, step) =>
    splits.map((seconds, index) => {
      const [date, clock] = new Date(seconds * 1000).toISOString().split("T");
      const isNew = index === 0 || new Date(splits[index - 1] * 1000).toISOString().slice(0, 10) !== date;
      if (step >= 86400) return date;
      return `${clock.slice(0, step < 60 ? 8 : 5)}${isNew ? `\n${date}` : ""}`;
    }),
};

function isAslant(labels, width) {
  return labels !== null && labels.length * LABEL_PIXELS > width;
}

// Labels side by side where they have room; else aslant, each second or third where even that is too close.
function categories(labels, width) {
  const aslant = isAslant(labels, width);
  const pixels = aslant ? LABEL_ASLANT_PIXELS : LABEL_PIXELS;
  return {
    ...(aslant ? { rotate: 35, size: 76 } : {}),
    splits: () => labels.map((_, index) => index),
    values: (_, splits) => splits.map((index) => cut(labels[index] ?? "", aslant ? 12 : 14)),
    filter: (chart, splits) => {
      const every = Math.ceil((splits.length * pixels) / Math.max(1, chart.bbox.width / devicePixelRatio));
      return splits.map((split, index) => (index % every === 0 ? split : null));
    },
  };
}

function cut(label, characters) {
  return label.length > characters ? `${label.slice(0, characters - 1)}…` : label;
}

function lineOf({ label, kind, fill, bars, dash }) {
  const stroke = colourOf(kind);
  return {
    label,
    stroke,
    width: bars ? 0 : 1.75,
    dash,
    fill: bars ? stroke : fill ? `color-mix(in srgb, ${stroke} 14%, transparent)` : undefined,
    points: { show: false },
    ...(bars ? { paths: uPlot.paths.bars({ size: [0.8, 48] }) } : {}),
  };
}
