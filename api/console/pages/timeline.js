// How many deliveries were received over time.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { count } from "../format.js";
import { useEvery, useRead } from "../reading.js";
import { go } from "../routing.js";
import { Chart } from "../ui/chart.js";
import { Section } from "../ui/parts.js";
import { Read } from "../ui/states.js";

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
    <${Counts} key=${`${bucket} ${topic}`} topic=${topic} bucket=${bucket} scale=${scale} />
  <//>`;
}

function Counts({ topic, bucket, scale }) {
  // Grows with the clock: each bucket that begins asks anew, from a bucket further on.
  const [last, setLast] = useState(() => bucketNow(scale));
  useEvery(WATCH_MS, () => setLast(bucketNow(scale)));
  const first = last - (scale.buckets - 1) * scale.seconds;
  // Of what is past nothing changes any more, but for the bucket before this one, for a moment.
  const [since, setSince] = useState(first);
  const wanted = { by: "time", topic, bucket, since: moment(since), order: "desc", limit: scale.buckets + 1 };
  const answer = useRead("timeline", wanted, { every: WATCH_MS });
  const sums = useRef(null);
  useMemo(() => {
    if (!answer.data) return;
    const kept = [...(sums.current ?? [])].filter(([start]) => start >= first && start < since);
    const counted = answer.data.counts.map(({ start, received }) => [Date.parse(start) / 1000, received]);
    sums.current = new Map([...kept, ...counted]);
  }, [answer.data]);
  useEffect(() => {
    if (answer.data) setSince(last - scale.seconds);
  }, [answer.data, last]);
  if (!sums.current) return html`<${Read} of=${answer} what="Reading the timeline">${() => null}<//>`;
  return html`<${Bars} sums=${sums.current} first=${first} scale=${scale} />`;
}

// There are no half deliveries on the axis.
const whole = (value) => (Number.isInteger(value) ? count(value) : "");
const bucketNow = ({ seconds }) => Math.floor(Date.now() / 1000 / seconds) * seconds;

const moment = (seconds) => new Date(seconds * 1000).toISOString();

function Bars({ sums, first, scale }) {
  const data = useMemo(() => {
    const starts = Array.from({ length: scale.buckets }, (_, index) => first + index * scale.seconds);
    return [starts, starts.map((start) => sums.get(start) ?? 0)];
  }, [sums, first, scale]);
  return html`<${Chart} title=${null} series=${SERIES} data=${data} height=${180} format=${whole} />`;
}
