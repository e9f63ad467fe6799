// The counts of the whole log, read about once a second for all pages, and what they were before.

import { useEffect, useReducer } from "./vendor/preact.js";
import { read } from "./requests.js";

const OFTEN_MS = 1000;
const SELDOM_MS = 3000;
const RETRY_MS_MAX = 8000;
const SAMPLES_MAX = 600;

// `stats` are the books of the whole log. `seen` is what a key that reads some topics is told instead: counts by
// topic, or, where it reads several patterns or none, a problem that says so.
let state = { stats: null, seen: null, samples: [], problem: null, at: null, retryAt: null };
let topics = 0;
let timer = 0;
let failures = 0;
let asking = false;
let again = false;
const watchers = new Set();

function change(changes) {
  state = { ...state, ...changes };
  for (const watcher of watchers) watcher();
}

function sampled(stats, at) {
  // Two answers in a moment are one sample: a rate between them would be chance.
  const isSame = at - (state.at ?? 0) < OFTEN_MS / 3;
  const samples = isSame ? state.samples.slice(0, -1) : state.samples;
  const last = samples.at(-1);
  const seconds = last ? at / 1000 - last.at : 0;
  // A projection that is dropped or rebuilt in place takes counts back: that is no negative rate.
  const grown = (name) => (last ? Math.max(0, stats[name] - last.stats[name]) / seconds : null);
  // After a pause a rate would be an average over it, drawn as if it were now.
  const known = seconds > 0 && seconds < 15;
  const sample = {
    at: at / 1000,
    stats,
    received: known ? grown("received") : null,
    unique: known ? grown("unique_processed") : null,
    duplicate: known ? grown("duplicate_dropped") : null,
    pending: stats.pending,
  };
  return [...samples, sample].slice(-SAMPLES_MAX);
}

function told(seen, at) {
  change({ stats: null, seen, samples: [], problem: null, at, retryAt: null });
}

async function ask() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const stats = await read("stats", { topics });
    const at = Date.now();
    failures = 0;
    if (stats.topics === null) told({ rows: stats.by_topic, problem: null }, at);
    else change({ stats, seen: null, samples: sampled(stats, at), problem: null, at, retryAt: null });
  } catch (problem) {
    if (problem.code === "scope") {
      failures = 0;
      told({ rows: [], problem }, Date.now());
    } else {
      failures += 1;
      change({ problem });
    }
  } finally {
    asking = false;
  }
  // Something else was wanted meanwhile.
  if (again) {
    again = false;
    await ask();
  }
}

async function round() {
  clearTimeout(timer);
  if (document.hidden) return;
  await ask();
  const pause = failures
    ? Math.min(OFTEN_MS * 2 ** (failures - 1), RETRY_MS_MAX)
    : topics
      ? OFTEN_MS
      : SELDOM_MS;
  if (failures) change({ retryAt: Date.now() + pause });
  clearTimeout(timer);
  timer = setTimeout(round, pause);
}

export const askNow = round;

export function begin() {
  document.addEventListener("visibilitychange", round);
  addEventListener("online", round);
  round();
}

export function useLive() {
  const [, changed] = useReducer((times) => times + 1, 0);
  useEffect(() => {
    watchers.add(changed);
    return () => watchers.delete(changed);
  }, []);
  return state;
}

// Asks more often, and for the largest topics, while the caller is on the screen.
export function useTopics(many) {
  useEffect(() => {
    topics = many;
    round();
    return () => {
      topics = 0;
    };
  }, [many]);
}
