// Who changed what, and who tried to, for admins.
import { address } from "../lib/address.js";
import { html } from "../lib/html.js";
import { time, words } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { Filter } from "../ui/choice.js";
import { Empty, Loaded, Page } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

const RESOURCES = ["auth", "users", "sources", "destinations", "pipelines", "runs", "scripts", "notifications", "settings", "keys"];
const OUTCOMES = ["success", "denied", "failed"];
const same = (names) => names.map((name) => [name, name]);

const COLUMNS = [
  { label: "What", cell: (entry) => words(entry.action) },
  { label: "Who", cell: (entry) => html`${entry.user_email ?? "nobody known"}<span class="under">${entry.address}</span>`, wide: true },
  { label: "Outcome", cell: (entry) => html`<${Status} value=${entry.outcome} />` },
  { label: "Changes", cell: (entry) => html`<${Changes} entry=${entry} />`, wide: true },
  { label: "When", cell: (entry) => html`<time datetime=${entry.created_at}>${time(entry.created_at)}</time>` },
];

function Changes({ entry }) {
  const left = entry.changes_total - entry.changes.length;
  return html`
    ${entry.changes.map(
      (change, number) => html`<span key=${number} class="change"
        >${change.resource} ${change.name ?? ""} ${change.change}${change.fields.length > 0 && html`<span class="under">${change.fields.join(", ")}</span>`}</span
      >`,
    )}
    ${left > 0 && html`<span class="under">and ${left} more</span>`}
  `;
}

export function Audit() {
  const { query } = address.use();
  const filters = ["resource", "outcome"].filter((name) => query[name]);
  const search = filters.map((name) => `&${name}=${encodeURIComponent(query[name])}`).join("");
  const found = useLoad(`/api/audit?${place(query)}${search}`);
  return html`<${Page} title="Audit log" lead="Every change, every action and every login, newest first. Values are never kept.">
    <div class="filters" role="search" aria-label="Filter the log">
      <${Filter} label="About" name="resource" any="anything" options=${same(RESOURCES)} query=${query} />
      <${Filter} label="Outcome" name="outcome" any="any" options=${same(OUTCOMES)} query=${query} />
    </div>
    <${Loaded} found=${found}>
      ${(entries, meta) => html`
        <${Table} caption="Audit log" columns=${COLUMNS} rows=${entries} id=${(entry) => entry.id} empty=${html`<${Empty} title="Nothing fits" />`} />
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Page}>`;
}
