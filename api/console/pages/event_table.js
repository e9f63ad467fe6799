// Events as rows, for a page of them and for those that come live.

import { html, useMemo } from "../vendor/preact.js";
import { Given, Time } from "../ui/parts.js";
import { Table } from "../ui/table.js";

const PREVIEW_MAX = 160;

export const keyOf = (event) => JSON.stringify([event.topic, event.event_id]);

const columnsOf = (show) => [
  {
    name: "timestamp",
    title: "Happened (UTC)",
    kind: "nowrap",
    show: (event) => html`<${Time} at=${event.timestamp} />`,
  },
  { name: "topic", title: "Topic", kind: "topic", show: (event) => html`<${Given}>${event.topic}<//>` },
  {
    name: "event_id",
    title: "Event id",
    kind: "title id",
    show: (event) => html`<button type="button" class="link" onClick=${() => show(event)}>
      <${Given}>${event.event_id}<//>
    </button>`,
  },
  { name: "source", title: "Source", kind: "source", show: (event) => html`<${Given}>${event.source}<//>` },
  {
    name: "payload",
    title: "Payload",
    kind: "preview",
    show: (event) => html`<${Given}>${event.preview}<//>`,
  },
];

function previewOf(payload) {
  const text = JSON.stringify(payload);
  return text.length > PREVIEW_MAX ? `${text.slice(0, PREVIEW_MAX)}…` : text;
}

export function EventTable({ events, show, chosen }) {
  const rows = useMemo(
    () => events.map((event) => ({ ...event, preview: previewOf(event.payload) })),
    [events],
  );
  return html`<${Table} caption="Events" kind="events" columns=${columnsOf(show)} rows=${rows} keyOf=${keyOf}
    onOpen=${show} chosen=${chosen} />`;
}
