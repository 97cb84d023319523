// A source's tables, found by asking it, and what a pipeline of it already takes.
import { all, post } from "./api.js";
import { useCallback, useEffect, useState } from "./html.js";

/**
 * Discover when shown, and again on demand.
 *
 * @param sourceId null discovers nothing yet.
 * @returns {{tables, pipelines, all, error, again}} `pipelines` are the source's own, oldest first; `all` are
 *   those of every source.
 */
export function useDiscovery(sourceId) {
  const [state, setState] = useState({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!sourceId) return undefined;
    const stop = new AbortController();
    setState({});
    Promise.all([post(`/api/sources/${sourceId}/discover`), all("/api/pipelines", stop.signal)]).then(
      ([{ tables }, pipelines]) => {
        if (stop.signal.aborted) return;
        const own = pipelines.filter((pipeline) => pipeline.source_id === sourceId).reverse();
        setState({ sourceId, tables, pipelines: own, all: pipelines });
      },
      (error) => stop.signal.aborted || setState({ sourceId, error }),
    );
    return () => stop.abort();
  }, [sourceId, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return state.sourceId === sourceId ? { ...state, again } : { again };
}
