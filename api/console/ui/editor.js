// A field for SQL: CodeMirror, or a plain one where its script cannot be had.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";

let loaded = null;

// Fetched when an editor is first shown: it is larger than all the rest.
function load() {
  loaded ??= import("../vendor/codemirror.js").catch(() => null);
  return loaded;
}

export function Editor(properties) {
  const [library, setLibrary] = useState(undefined);
  useEffect(() => void load().then(setLibrary), []);
  if (library === undefined) return html`<div class="editor"></div>`;
  return library
    ? html`<${Rich} library=${library} ...${properties} />`
    : html`<${Plain} ...${properties} />`;
}

function Plain({ value, onChange, onRun, label }) {
  const pressed = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRun(event.target.value);
    }
  };
  return html`<textarea class="editor plain" aria-label=${label} spellcheck=${false} rows="8" value=${value}
    onInput=${(event) => onChange(event.target.value)} onKeyDown=${pressed}></textarea>`;
}

// In a shadow root, where CodeMirror's styles are made without an inline style, which the page's policy forbids.
function Rich({ library, value, onChange, onRun, schema, position, label }) {
  const host = useRef(null);
  const view = useRef(null);
  const language = useRef(null);
  const handlers = useRef({});
  handlers.current = { onChange, onRun };

  useEffect(() => {
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    language.current = new library.Compartment();
    view.current = new library.EditorView({
      root,
      parent: root,
      state: library.EditorState.create({
        doc: value,
        extensions: extensionsOf(library, language.current, handlers, label),
      }),
    });
    return () => view.current.destroy();
  }, []);

  useEffect(() => {
    const { state } = view.current;
    if (state.doc.toString() !== value)
      view.current.dispatch({ changes: { from: 0, to: state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    view.current.dispatch({ effects: language.current.reconfigure(languageOf(library, schema)) });
  }, [schema]);

  useEffect(() => {
    if (!position) return;
    const at = Math.min(position - 1, view.current.state.doc.length);
    view.current.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    view.current.focus();
  }, [position]);

  return html`<div class="editor" ref=${host}></div>`;
}

function languageOf({ sql, PostgreSQL }, schema) {
  const tables = (schema?.views ?? []).map((view) => [
    view.name,
    {
      self: { label: view.name, type: "type", info: view.comment ?? undefined },
      children: view.columns.map((column) => ({
        label: column.name,
        type: "property",
        detail: column.type,
        info: column.comment ?? undefined,
      })),
    },
  ]);
  return sql({ dialect: PostgreSQL, schema: Object.fromEntries(tables), upperCaseKeywords: true });
}

function extensionsOf(library, language, handlers, label) {
  const { EditorView, EditorState, Prec, keymap } = library;
  const run = (view) => {
    handlers.current.onRun(view.state.doc.toString());
    return true;
  };
  return [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
    library.history(),
    library.drawSelection(),
    library.highlightSpecialChars(),
    library.lineNumbers(),
    library.indentOnInput(),
    library.bracketMatching(),
    library.closeBrackets(),
    library.autocompletion(),
    library.syntaxHighlighting(colours(library)),
    keymap.of([
      ...library.closeBracketsKeymap,
      ...library.defaultKeymap,
      ...library.historyKeymap,
      ...library.completionKeymap,
    ]),
    language.of(languageOf(library, null)),
    EditorState.tabSize.of(4),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) handlers.current.onChange(update.state.doc.toString());
    }),
    EditorView.domEventHandlers({ beforeinput: replaceSelected }),
    look(library),
  ];
}

// A browser that types over a selection keeps its looks by an inline style, which the page's policy
// forbids: it works, but is reported as an error. Brackets and quotes are left to what closes them.
function replaceSelected(event, view) {
  const { inputType, data } = event;
  if (
    inputType !== "insertText" ||
    view.composing ||
    view.state.selection.main.empty ||
    !/^[^()[\]{}'"]/.test(data ?? "")
  )
    return false;
  view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
  event.preventDefault();
  return true;
}

function colours({ HighlightStyle, tags }) {
  return HighlightStyle.define([
    { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--unique)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--conflict)" },
    { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--ink-3)", fontStyle: "italic" },
    { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--duplicate)" },
  ]);
}

function look({ EditorView }) {
  const popup = {
    backgroundColor: "var(--surface)",
    border: "1px solid var(--edge)",
    borderRadius: "6px",
    color: "var(--ink)",
  };
  return EditorView.theme({
    "&": {
      backgroundColor: "var(--surface)",
      color: "var(--ink)",
      border: "1px solid var(--edge)",
      borderRadius: "8px",
      maxHeight: "24rem",
    },
    "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
    ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "13px", lineHeight: "1.55", minHeight: "9rem" },
    ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
    ".cm-cursor": { borderLeftColor: "var(--ink)" },
    ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-3)", border: "0" },
    ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
      backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent)",
    },
    "&.cm-focused .cm-matchingBracket": {
      backgroundColor: "color-mix(in srgb, var(--accent) 20%, transparent)",
    },
    ".cm-tooltip": popup,
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14rem" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
      backgroundColor: "var(--accent)",
      color: "var(--accent-ink)",
    },
    ".cm-tooltip.cm-completionInfo": { padding: "0.4rem 0.6rem", maxWidth: "20rem" },
    ".cm-completionDetail": { color: "inherit", opacity: "0.75", fontStyle: "normal" },
  });
}
