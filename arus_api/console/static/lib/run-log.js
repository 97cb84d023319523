// A run's log as it grows: only the lines that are not here yet are asked for.
import { get } from "./api.js";
import { useEffect, useState } from "./html.js";

const PAGE = 500;
const EVERY = 1000;

/**
 * @param live whether the run may still write; after its end the rest is read once more.
 * @returns {{lines, error, complete}}
 */
export function useLog(id, live) {
  const [log, setLog] = useState({ id, lines: [], complete: false });
  useEffect(() => {
    const stop = new AbortController();
    let timer;
    let lines = log.id === id ? log.lines : [];
    async function read() {
      let more = false;
      try {
        const { data } = await get(`/api/runs/${id}/logs?limit=${PAGE}&offset=${lines.length}`, stop.signal);
        lines = [...lines, ...data];
        more = data.length === PAGE;
        setLog({ id, lines, complete: !more && !live });
      } catch (error) {
        if (stop.signal.aborted) return;
        setLog({ id, lines, error, complete: false });
      }
      if (stop.signal.aborted) return;
      if (more) read();
      else if (live) timer = setTimeout(read, EVERY);
    }
    read();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [id, live]);
  return log.id === id ? log : { lines: [], complete: false };
}
