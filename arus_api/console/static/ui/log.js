// A log to read, filtered by level and table, following its end unless one has scrolled up.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { number, plural, time, timeOfDay } from "../lib/format.js";
import { Choice } from "./choice.js";
import { Section } from "./page.js";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"];
const MOST = 2000; // lines shown at once; the latest, since those before can be narrowed down

export function Log({ log, live }) {
  const [level, setLevel] = useState("INFO");
  const [table, setTable] = useState("");
  const element = useRef(null);
  const follows = useRef(true);
  const tables = [...new Set(log.lines.map((line) => line.table).filter(Boolean))].sort();
  const fitting = log.lines.filter(
    (line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(level) && (!table || line.table === table),
  );
  useEffect(() => {
    if (live && follows.current && element.current) element.current.scrollTop = element.current.scrollHeight;
  }, [fitting.length, live]);
  function scrolled({ target }) {
    follows.current = target.scrollHeight - target.scrollTop - target.clientHeight < 40;
  }
  const choices = html`
    <${Choice} label="Level" value=${level} set=${setLevel} options=${LEVELS.map((name) => [name, `${name.toLowerCase()} and up`])} />
    <${Choice} label="Table" value=${table} set=${setTable} options=${[["", "all"], ...tables.map((name) => [name, name])]} />
  `;
  return html`<${Section} title="Log" actions=${choices}>
    ${log.error && html`<p class="bad-text" role="alert">${log.error.message}</p>`}
    <p class="muted">
      ${plural(fitting.length, "line")}${fitting.length > MOST && `, the latest ${number(MOST)} of them shown`}
      ${live && " so far"}
    </p>
    <div class="log" ref=${element} tabindex="0" role="region" aria-label="Lines of the log" onScroll=${scrolled}>
      ${fitting.length === 0 && html`<p class="muted">${log.lines.length ? "No line fits." : "No lines yet."}</p>`}
      ${fitting.slice(-MOST).map(
        (line, place) => html`<p key=${place} class=${`line ${line.level.toLowerCase()}`}>
          <time datetime=${line.timestamp} title=${time(line.timestamp)}>${timeOfDay(line.timestamp)}</time>
          <span class="level">${line.level}</span>
          <span class="message">${line.table && html`<b>${line.table}</b> `}${line.message}</span>
        </p>`,
      )}
    </div>
  </${Section}>`;
}
