// Choosing tables out of what discovery found, each with its detected way of syncing or another.
import { html, useState } from "../lib/html.js";
import { number, plural, words } from "../lib/format.js";
import { Empty } from "./page.js";

const MOST = 200; // rows shown at once: a database of 10,000 tables is narrowed down by the filter

const nameOf = (table) => `${table.schema}.${table.name}`;

/**
 * The choices at the start.
 *
 * @param known tables that are chosen already, as a pipeline has them; null where there are none.
 */
export function choicesOf(discovered, known) {
  const before = new Map((known ?? []).map((table) => [nameOf(table), table]));
  return new Map(
    discovered.map((table) => {
      const stored = before.get(nameOf(table));
      return [
        nameOf(table),
        {
          on: stored ? stored.enabled : known === null && table.enabled,
          sync: stored?.sync_mode ?? table.detected_sync,
          load: stored?.load_mode ?? "",
          stored: Boolean(stored),
        },
      ];
    }),
  );
}

/** What the API takes for the choices: those that are on, and those that are to rest. */
export function selection(discovered, choices) {
  const chosen = discovered.filter((table) => choices.get(nameOf(table)).on || choices.get(nameOf(table)).stored);
  return chosen.map((table) => {
    const { on, sync, load } = choices.get(nameOf(table));
    const entry = { name: table.name, schema: table.schema, enabled: on, sync_mode: sync };
    return load ? { ...entry, load_mode: load } : entry;
  });
}

export function TablePicker({ discovered, choices, change }) {
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLowerCase();
  const fitting = discovered.filter((table) => nameOf(table).toLowerCase().includes(wanted));
  const count = [...choices.values()].filter((choice) => choice.on).length;
  const set = (tables, part) => {
    const next = new Map(choices);
    for (const table of tables) next.set(nameOf(table), { ...next.get(nameOf(table)), ...part });
    change(next);
  };
  if (discovered.length === 0) {
    return html`<${Empty} title="No tables found">
      <p>The source has no table that its user may read and its patterns admit.</p>
    </${Empty}>`;
  }
  return html`
    <div class="filters">
      <label class="inline"
        >Filter <input type="search" value=${filter} onInput=${(event) => setFilter(event.target.value)}
      /></label>
      <button type="button" class="button" onClick=${() => set(fitting, { on: true })}>
        Take ${wanted ? "these" : "all"}
      </button>
      <button type="button" class="button" onClick=${() => set(fitting, { on: false })}>
        Take none${wanted && " of these"}
      </button>
      <span role="status">${number(count)} of ${plural(discovered.length, "table")} taken</span>
    </div>
    ${fitting.length > MOST &&
    html`<p class="muted">The first ${number(MOST)} of ${number(fitting.length)} are shown. Filter to see others.</p>`}
    <div class="table-frame">
      <table role="table">
        <caption class="unseen">Tables of the source</caption>
        <thead role="rowgroup">
          <tr role="row">
            ${["Table", "Kind", "Rows, about", "Detected", "Sync", "Load", "Columns"].map(
              (label) => html`<th role="columnheader" scope="col" class=${label.startsWith("Rows") ? "end" : ""}>${label}</th>`,
            )}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${fitting.slice(0, MOST).map(
            (table) => html`<${Row}
              key=${nameOf(table)}
              table=${table}
              choice=${choices.get(nameOf(table))}
              set=${(part) => set([table], part)}
            />`,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function Row({ table, choice, set }) {
  const name = nameOf(table);
  const select = (label, value, options, part) => html`<select
    aria-label=${`${label} of ${name}`}
    disabled=${!choice.on}
    value=${value}
    onChange=${(event) => set({ [part]: event.target.value })}
  >
    ${options.map(([code, text]) => html`<option key=${code} value=${code} selected=${code === value}>${text}</option>`)}
  </select>`;
  const modes = [["incremental", "incremental"], ["full_refresh", "full refresh"]];
  const loads = [["", "as the pipeline"], ["direct", "direct"], ["raw", "raw first"]];
  return html`<tr role="row">
    <th role="rowheader" scope="row" class="wide">
      <label class="pick"
        ><input type="checkbox" checked=${choice.on} onChange=${(event) => set({ on: event.target.checked })} />${name}</label
      >
    </th>
    <td role="cell" data-label="Kind">${words(table.kind)}</td>
    <td role="cell" data-label="Rows, about" class="end">${number(table.row_count_estimate)}</td>
    <td role="cell" data-label="Detected" class="wide">
      ${words(table.detected_sync)}${table.watermark_column && html` <span class="muted">by ${table.watermark_column}</span>`}
    </td>
    <td role="cell" data-label="Sync">${select("Sync mode", choice.sync, modes, "sync")}</td>
    <td role="cell" data-label="Load">${select("Load mode", choice.load, loads, "load")}</td>
    <td role="cell" data-label="Columns"><${Columns} table=${table} /></td>
  </tr>`;
}

function Columns({ table }) {
  return html`<details class="columns">
    <summary aria-label=${`${plural(table.columns.length, "column")} of ${nameOf(table)}`}>${number(table.columns.length)}</summary>
    <ul>
      ${table.columns.map(
        (column) => html`<li key=${column.name}>
          <b>${column.name}</b> ${column.type}${column.type !== column.target_type && ` → ${column.target_type}`}${column.primary_key && ", key"}${!column.nullable && ", not null"}
        </li>`,
      )}
    </ul>
  </details>`;
}
