// What the list of events is filtered by. It is in the address, so that it can be shared.

import { html, useLayoutEffect, useState } from "../vendor/preact.js";
import { useRead } from "../reading.js";
import { go } from "../routing.js";

const TOPICS = 100;
const MOMENT = /\s*(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.\d+)?)?Z?)?\s*/;

export function Filters({ parameters, follow }) {
  const [values, setValues] = useState(parameters);
  // Before anything can be typed, or it would be taken back.
  useLayoutEffect(() => setValues(parameters), [JSON.stringify(parameters)]);
  const topics = useRead("stats", { topics: TOPICS });
  const set = (name) => (event) => setValues({ ...values, [name]: event.target.value });
  const apply = (changes = {}) =>
    go("events", { ...wanted({ ...values, ...changes }, follow), follow: follow ? "1" : null });
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const setNow = (name) => (event) => {
    setValues({ ...values, [name]: event.target.value });
    apply({ [name]: event.target.value });
  };
  const text = (name, title, rest = {}) => html`<label class="field ${name}">
    <span>${title}</span>
    <input type="text" value=${values[name] ?? ""} onInput=${set(name)}
      spellcheck=${false} autocapitalize="off" autocomplete="off" ...${rest} />
  </label>`;
  const time = (name, title) =>
    text(name, title, {
      placeholder: "2025-10-21 10:00",
      pattern: MOMENT.source,
      title: "A date, or a date and a time, in UTC: 2025-10-21 or 2025-10-21 10:00:00.5",
      value: writtenOf(values[name]),
    });
  return html`<form class="filters" onSubmit=${submit} role="search" aria-label="Filter events">
    ${text("topic", "Topic", { placeholder: "order.*", list: "topics", "data-filter": true })}
    <datalist id="topics">
      ${topics.data?.by_topic.map((row) => html`<option key=${row.topic} value=${row.topic}></option>`)}
    </datalist>
    ${text("source", "Source")}
    ${
      !follow &&
      html`${text("event_id", "Event id")} ${time("since", "Since (UTC)")} ${time("until", "Until (UTC)")}
      <label class="field">
        <span>Order</span>
        <select value=${values.order ?? "desc"} onChange=${setNow("order")}>
          <option value="desc">newest first</option>
          <option value="asc">oldest first</option>
          <option value="position">log order</option>
        </select>
      </label>`
    }
    <div class="filter-actions">
      <button type="submit" class="primary">${follow ? "Follow these" : "Show"}</button>
      <button type="button" onClick=${() => go("events", follow ? { follow: "1" } : {})}>Clear</button>
      <button type="button" aria-pressed=${follow}
        onClick=${() => go("events", { topic: values.topic, source: values.source, follow: follow ? null : "1" })}>
        <span class=${follow ? "dot good" : "dot"} aria-hidden="true"></span> ${follow ? "Stop following" : "Follow live"}
      </button>
    </div>
  </form>`;
}

// Another filter begins at the first page.
function wanted({ cursor, ...values }, follow) {
  const { topic, source } = values;
  if (follow) return { topic, source };
  const moments = { since: momentOf(values.since), until: momentOf(values.until) };
  return { ...values, ...moments, order: values.order === "desc" ? null : values.order };
}

// What is typed has no zone; here it is UTC, as all times on these pages are.
function momentOf(typed) {
  const match = new RegExp(`^${MOMENT.source}$`).exec(typed ?? "");
  if (!match) return typed;
  const [, date, minutes = "00:00", seconds = ":00"] = match;
  return `${date}T${minutes}${seconds}Z`;
}

function writtenOf(moment) {
  return (moment ?? "").replace(/T(.*)Z$/, (_, time) => ` ${time}`);
}
