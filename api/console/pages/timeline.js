// How many deliveries were received over time.

import { html, useMemo } from "../vendor/preact.js";
import { count } from "../format.js";
import { useRead } from "../reading.js";
import { readPage } from "../requests.js";
import { go } from "../routing.js";
import { Chart } from "../ui/chart.js";
import { Section } from "../ui/parts.js";
import { Empty, Read } from "../ui/states.js";

const LIMIT = 10_000;
const BUCKETS = {
  minute: { seconds: 60, buckets: 120, title: "2 hours, by minute" },
  hour: { seconds: 3600, buckets: 96, title: "4 days, by hour" },
  day: { seconds: 86400, buckets: 90, title: "90 days, by day" },
};
const SERIES = [{ label: "received", kind: "accent", bars: true }];
// A clock that is wrong must not hide all others: nothing that lies further ahead is the end of the axis.
const AHEAD_MS = 60_000;

export function Timeline({ parameters }) {
  const { topic = "", bucket = "minute" } = parameters;
  const scale = BUCKETS[bucket] ?? BUCKETS.minute;
  const now = useMemo(() => new Date(Date.now() + AHEAD_MS).toISOString(), [topic, bucket]);
  const latest = useRead("events", { topic, until: now, order: "desc", limit: 1 }, { with: readPage });
  const end = latest.data?.items[0] && Date.parse(latest.data.items[0].timestamp) / 1000;
  const set = (changes) => go("projections", { ...parameters, ...changes }, { replace: true });
  const actions = html`
    <input type="search" placeholder="Topic, or order.*" aria-label="Topic of the timeline" value=${topic} data-filter
      onChange=${(event) => set({ topic: event.target.value })} />
    <select aria-label="Length of a bucket" value=${bucket} onChange=${(event) => set({ bucket: event.target.value })}>
      ${Object.entries(BUCKETS).map(([name, { title }]) => html`<option key=${name} value=${name}>${title}</option>`)}
    </select>`;
  return html`<${Section} title="Events over time" id="timeline" actions=${actions}>
    <${Read} of=${latest} what="Looking for the latest event">${() =>
      end ? html`<${Counts} ...${{ topic, bucket, scale, end }} />` : html`<${Empty} title="No event is like that" />`}<//>
  <//>`;
}

function Counts({ topic, bucket, scale, end }) {
  const last = Math.floor(end / scale.seconds) * scale.seconds;
  const first = last - (scale.buckets - 1) * scale.seconds;
  const since = new Date(first * 1000).toISOString();
  const until = new Date((last + scale.seconds) * 1000).toISOString();
  const answer = useRead("timeline", { topic, bucket, since, until, limit: LIMIT });
  return html`<${Read} of=${answer} what="Reading the timeline">${(found) => html`
    <${Bars} counts=${found.counts} first=${first} scale=${scale} />
    ${!found.complete && html`<p class="notice warn">There are more than ${count(LIMIT)} counts in this time, so its end is missing:
      choose a topic, or a prefix such as order.*</p>`}`}<//>`;
}

function Bars({ counts, first, scale }) {
  const data = useMemo(() => {
    const sums = new Array(scale.buckets).fill(0);
    for (const each of counts) sums[(Date.parse(each.start) / 1000 - first) / scale.seconds] += each.received;
    return [sums.map((_, index) => first + index * scale.seconds), sums];
  }, [counts, first, scale]);
  return html`<${Chart} title=${null} series=${SERIES} data=${data} height=${180} format=${count} />`;
}
