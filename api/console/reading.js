// Hooks that read from the API, once or again and again.

import { useCallback, useEffect, useRef, useState } from "./vendor/preact.js";
import { address, read } from "./requests.js";

// Calls `work` every so many milliseconds, not while the tab is hidden, and at once when it shows again.
// A call begins when the last one has ended.
export function useEvery(milliseconds, work) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (!milliseconds) return undefined;
    let timer = 0;
    let ended = false;
    const next = async () => {
      clearTimeout(timer);
      if (!document.hidden) await latest.current();
      if (!ended) timer = setTimeout(next, milliseconds);
    };
    const shown = () => document.hidden || next();
    timer = setTimeout(next, milliseconds);
    document.addEventListener("visibilitychange", shown);
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [milliseconds]);
}

// What `path` answers: { data, problem, loading, reload }. While it is read again, data stay what they were.
export function useRead(path, parameters = {}, { every = 0, with: reader = read } = {}) {
  const wanted = path === null ? null : address(path, parameters);
  const [state, setState] = useState({ wanted: null, data: null, problem: null });
  const aborter = useRef(null);
  const load = useCallback(async () => {
    aborter.current?.abort();
    if (wanted === null) return;
    const mine = (aborter.current = new AbortController());
    try {
      const data = await reader(wanted, {}, { signal: mine.signal });
      if (!mine.signal.aborted) setState({ wanted, data, problem: null });
    } catch (problem) {
      if (mine.signal.aborted) return;
      setState((old) => ({ wanted, data: old.wanted === wanted ? old.data : null, problem }));
    }
  }, [wanted]);
  useEffect(() => {
    load();
    return () => aborter.current?.abort();
  }, [load]);
  // A page whose first answer failed tries again by itself.
  useEvery(every || (state.problem?.isAway ? 3000 : 0), load);
  const settled = state.wanted === wanted;
  return {
    data: settled ? state.data : null,
    problem: settled ? state.problem : null,
    loading: !settled && wanted !== null,
    reload: load,
  };
}
