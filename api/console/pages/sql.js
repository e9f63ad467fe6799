// Questions to the log in SQL, read-only: saved ones and one's own.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useRead } from "../reading.js";
import { go, href } from "../routing.js";
import { Editor } from "../ui/editor.js";
import { Empty, Failure, Loading, Read } from "../ui/states.js";
import { ask } from "../questions.js";
import { Result } from "./result.js";

const LIMITS = [100, 1000, 10_000];
const START =
  "SELECT topic, received, unique_events, duplicates\nFROM books_by_topic\nORDER BY received DESC\nLIMIT 20";

export function Sql({ parameters }) {
  const questions = useRead("sql/questions");
  if (questions.problem?.code === "sql_disabled")
    return html`<h1>SQL</h1><${Off} problem=${questions.problem} />`;
  return html`<header class="page-head"><h1>SQL</h1></header>
    <${Read} of=${questions} what="Reading the saved questions">${(saved) =>
      html`<${Console} saved=${saved} parameters=${parameters} />`}<//>`;
}

function Off({ problem }) {
  return html`<${Empty} title="Questions in SQL are off here">
    <p>${problem.message}.</p>
    <p>They read the whole log, so they are on by themselves only where the service listens on loopback.
      <code>EVENTLOG_SQL=on</code> turns them on; <code>eventlog sql</code> asks on the machine itself.</p>
  <//>`;
}

// "p.topic=x" in an address is the parameter :topic of the statement.
function givenIn(parameters) {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => name.startsWith("p."))
      .map(([name, value]) => [name.slice(2), value]),
  );
}

function Console({ saved, parameters }) {
  const schema = useRead("sql/schema");
  const question = saved.find((one) => one.name === parameters.question) ?? null;
  const start = parameters.sql ?? question?.sql ?? START;
  const [text, setText] = useState(start);
  const [values, setValues] = useState(givenIn(parameters));
  const [limit, setLimit] = useState(LIMITS[1]);
  const [state, begin, clear] = useAsking();
  const asked = useRef(null);

  const run = (statement = text, given = values) => {
    const name = question?.sql === statement ? question.name : null;
    const names = name ? question.parameters.map((each) => each.name) : named(statement);
    const used = Object.entries(given).filter(([each, value]) => names.includes(each) && value !== "");
    const what = name ? { question: name } : { sql: statement };
    begin({ ...what, ...(used.length ? { parameters: Object.fromEntries(used) } : {}), limit });
    asked.current = placeOf(what);
    const address = { ...what, ...Object.fromEntries(used.map(([each, value]) => [`p.${each}`, value])) };
    go("sql", address, { replace: placeOf(parameters) === placeOf(what) });
  };

  // An address that names another statement, by a link or by going back, shows it. A saved question is
  // asked at once if nothing is missing; a statement is not: a link must not ask in somebody's name.
  useEffect(() => {
    if (placeOf(parameters) === asked.current) return;
    const given = givenIn(parameters);
    setText(start);
    setValues(given);
    const isWhole = question?.parameters.every((each) => each.default !== null || given[each.name]);
    if (isWhole && parameters.sql === undefined) run(question.sql, given);
    else clear();
  }, [placeOf(parameters)]);

  const isSaved = question !== null && text === question.sql;
  const wanted = isSaved ? question.parameters : named(text).map((name) => ({ name, default: null }));
  return html`<div class="sql">
    <${Questions} saved=${saved} current=${isSaved ? question.name : null} />
    <div class="sql-main">
      ${isSaved && html`<p class="lead"><b>${question.title}</b> ${question.description}</p>`}
      <${Editor} value=${text} onChange=${setText} onRun=${run} schema=${schema.data}
        position=${state.problem?.position} label="SQL statement" />
      <form class="ask" onSubmit=${(event) => (event.preventDefault(), run())}>
        ${wanted.map(
          (each) => html`<label class="field" key=${each.name}>
            <span title=${each.type ?? ""}>${each.name} <span class="faint">${each.description ?? ""}</span></span>
            <input type="text" value=${values[each.name] ?? ""}
              placeholder=${each.default ?? ""} required=${each.default === null}
              onInput=${(event) => setValues({ ...values, [each.name]: event.target.value })} />
          </label>`,
        )}
        <label class="field"><span>Rows, at most</span>
          <select value=${String(limit)} onChange=${(event) => setLimit(Number(event.target.value))}>
            ${LIMITS.map((each) => html`<option key=${each} value=${String(each)}>${each.toLocaleString("en")}</option>`)}
          </select></label>
        <button type="submit" class="primary" disabled=${state.running}>${state.running ? "Running …" : "Run"}</button>
        <span class="faint hint"><kbd>Ctrl</kbd><kbd>Enter</kbd> read-only, recorded, at most 10 seconds</span>
      </form>
      ${state.running && html`<${Loading} what="Asking" />`}
      ${state.problem && html`<${Refused} problem=${state.problem} />`}
      ${state.result && html`<${Result} result=${state.result} body=${state.body} />`}
    </div>
    <${Schema} schema=${schema} />
  </div>`;
}

const placeOf = ({ sql, question }) => JSON.stringify([sql, question]);

// What is asked, and what was answered last: an answer that another question has overtaken is dropped.
function useAsking() {
  const [state, setState] = useState({ running: false });
  const turn = useRef(0);
  const begin = async (body) => {
    const mine = ++turn.current;
    const settle = (ended) => mine === turn.current && setState({ running: false, ...ended });
    setState({ running: true });
    await ask(body).then(
      (result) => settle({ result, body }),
      (problem) => settle({ problem }),
    );
  };
  const clear = () => {
    turn.current += 1;
    setState({ running: false });
  };
  return [state, begin, clear];
}

// The :names of a statement, outside of literals and comments, and no casts.
function named(statement) {
  const bare = statement.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, " ");
  return [...new Set([...bare.matchAll(/(?<![:\w]):([a-z_]\w*)/gi)].map(([, name]) => name))];
}

function Questions({ saved, current }) {
  return html`<nav class="questions" aria-label="Saved questions">
    <h2>Saved questions</h2>
    <ul>
      ${saved.map(
        (one) => html`<li key=${one.name}>
          <a href=${href("sql", { question: one.name })} title=${one.description}
            aria-current=${one.name === current ? "true" : undefined}>${one.title}</a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

function Schema({ schema }) {
  if (!schema.data) return null;
  return html`<aside class="schema" aria-labelledby="schema">
    <h2 id="schema">What can be asked</h2>
    ${schema.data.views.map(
      (view) => html`<details key=${view.name}>
        <summary><span class="code">${view.name}</span></summary>
        <p class="faint">${view.comment}</p>
        <dl>
          ${view.columns.map(
            (column) => html`<div key=${column.name}>
              <dt><span class="code">${column.name}</span> <span class="faint">${column.type}</span></dt>
              <dd>${column.comment}</dd>
            </div>`,
          )}
        </dl>
      </details>`,
    )}
  </aside>`;
}

function Refused({ problem }) {
  if (!problem.sqlstate) return html`<${Failure} problem=${problem} />`;
  return html`<div class="notice bad" role="alert">
    <p>${problem.message}${problem.position ? `, at character ${problem.position}` : ""}</p>
    ${problem.hint && html`<p>${problem.hint}</p>`}
    <p class="faint">SQLSTATE <span class="code">${problem.sqlstate}</span></p>
  </div>`;
}
