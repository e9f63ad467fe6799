// How many deliveries were received over time.

import { html, useMemo, useRef, useState } from "../vendor/preact.js";
import { count } from "../format.js";
import { useEvery, useRead } from "../reading.js";
import { go } from "../routing.js";
import { Chart } from "../ui/chart.js";
import { Section } from "../ui/parts.js";
import { Read } from "../ui/states.js";

const LIMIT = 10_000;
const BUCKETS = {
  minute: { seconds: 60, buckets: 120, title: "2 hours, by minute" },
  hour: { seconds: 3600, buckets: 96, title: "4 days, by hour" },
  day: { seconds: 86400, buckets: 90, title: "90 days, by day" },
};
const SERIES = [{ label: "received", kind: "accent", bars: true }];
const WATCH_MS = 5000;

export function Timeline({ page, parameters }) {
  const { topic = "", bucket = "minute" } = parameters;
  const scale = BUCKETS[bucket] ?? BUCKETS.minute;
  const set = (changes) => go(page, { ...parameters, ...changes }, { replace: true });
  const actions = html`
    <input type="search" placeholder="Topic, or order.*" aria-label="Topic of the timeline" value=${topic}
      onChange=${(event) => set({ topic: event.target.value })} />
    <select aria-label="Length of a bucket" value=${bucket} onChange=${(event) => set({ bucket: event.target.value })}>
      ${Object.entries(BUCKETS).map(([name, { title }]) => html`<option key=${name} value=${name}>${title}</option>`)}
    </select>`;
  return html`<${Section} title="Received over time" id="timeline" actions=${actions}>
    <${Counts} key=${bucket} topic=${topic} bucket=${bucket} scale=${scale} />
  <//>`;
}

function Counts({ topic, bucket, scale }) {
  // Grows with the clock: each bucket that begins asks anew, from a bucket further on.
  const [last, setLast] = useState(() => bucketNow(scale));
  useEvery(WATCH_MS, () => setLast(bucketNow(scale)));
  const first = last - (scale.buckets - 1) * scale.seconds;
  const since = new Date(first * 1000).toISOString();
  const answer = useRead("timeline", { topic, bucket, since, limit: LIMIT }, { every: WATCH_MS });
  const seen = useRef(null);
  if (answer.data) seen.current = answer.data;
  if (!seen.current) return html`<${Read} of=${answer} what="Reading the timeline">${() => null}<//>`;
  return html`<${Bars} counts=${seen.current.counts} first=${first} scale=${scale} />
    ${
      !seen.current.complete &&
      html`<p class="notice warn">There are more than ${count(LIMIT)} counts in this time,
      so its end is missing: choose a topic, or a prefix such as order.*</p>`
    }`;
}

// There are no half deliveries on the axis.
const whole = (value) => (Number.isInteger(value) ? count(value) : "");
const bucketNow = ({ seconds }) => Math.floor(Date.now() / 1000 / seconds) * seconds;

function Bars({ counts, first, scale }) {
  const data = useMemo(() => {
    const sums = new Array(scale.buckets).fill(0);
    for (const each of counts) {
      const place = (Date.parse(each.start) / 1000 - first) / scale.seconds;
      if (place in sums) sums[place] += each.received;
    }
    return [sums.map((_, index) => first + index * scale.seconds), sums];
  }, [counts, first, scale]);
  return html`<${Chart} title=${null} series=${SERIES} data=${data} height=${180} format=${whole} />`;
}
