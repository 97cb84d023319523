// What a page shows of the API: loaded, kept fresh by polling, and reloaded after an action.
import { all, get } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

/**
 * The answer at a path.
 *
 * @param path null loads nothing yet.
 * @param every milliseconds between polls, or a function of the data that gives them; 0 does not poll.
 * @returns {{data, meta, error, loading, reload}} after a failed poll the last data stays beside the error.
 */
export function useLoad(path, { every = 0 } = {}) {
  const [state, setState] = useState({ path });
  const [round, setRound] = useState(0);
  const pace = useRef(every);
  pace.current = every;

  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    let timer;
    async function load() {
      let data;
      try {
        const answer = await get(path, stop.signal);
        data = answer.data;
        setState({ path, ...answer });
      } catch (error) {
        if (stop.signal.aborted) return;
        setState((old) => (old.path === path ? { ...old, error } : { path, error }));
      }
      if (stop.signal.aborted) return;
      const wait = typeof pace.current === "function" ? pace.current(data) : pace.current;
      if (wait) timer = setTimeout(next, wait);
    }
    function next() {
      if (!document.hidden) load();
      else document.addEventListener("visibilitychange", next, { once: true, signal: stop.signal });
    }
    load();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, round]);

  const reload = useCallback(() => setRound((count) => count + 1), []);
  // What was loaded from another path is not what is asked for now.
  const current = state.path === path ? state : {};
  const loading = path !== null && current.data === undefined && !current.error;
  return { ...current, loading, reload };
}

/** Every element of a list, however many pages it has; for choices and for the lineage. */
export function useAll(path) {
  const [state, setState] = useState({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    all(path, stop.signal).then(
      (data) => setState({ data }),
      (error) => stop.signal.aborted || setState({ error }),
    );
    return () => stop.abort();
  }, [path, round]);
  return { ...state, loading: !state.data && !state.error, reload: () => setRound((count) => count + 1) };
}
