// The list of sources, and adding one.
import { address, go } from "../lib/address.js";
import { post } from "../lib/api.js";
import { connectionFields, KINDS, kindName, tlsFields } from "../lib/connection.js";
import { html } from "../lib/html.js";
import { number } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Empty, Loaded, Page, When } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

const METHODS = [
  ["auto", "as detected for each table"],
  ["incremental", "incremental wherever possible"],
  ["full_refresh", "always the whole table"],
];

export function sourceFields(stored) {
  return [
    { name: "name", label: "Name", required: true, help: "What it is called here, such as “Web shop”." },
    { name: "type", label: "Kind of database", type: "select", options: KINDS, initial: "postgresql", required: true },
    ...connectionFields(stored),
    tlsFields(),
    {
      legend: "Which tables",
      folded: true,
      fields: [
        { name: "sync_method", label: "Sync", type: "select", options: METHODS, initial: "auto", required: true },
        { name: "table_include", label: "Take", type: "list", help: "One pattern a line, such as orders* or sales.*. Empty takes all." },
        { name: "table_exclude", label: "Leave out", type: "list", help: "One pattern a line. Wins over the ones to take." },
        { name: "schema_include", label: "Schemas", type: "list", help: "One pattern a line. Empty looks into all." },
      ],
    },
  ];
}

const COLUMNS = [
  { label: "Name", cell: (source) => html`<a href=${`/console/sources/${source.id}`}>${source.name}</a>`, wide: true },
  { label: "Kind", cell: (source) => kindName(source.type) },
  { label: "Database", cell: (source) => `${source.database} on ${source.host}:${source.port}`, wide: true },
  { label: "Connection", cell: (source) => html`<${Status} value=${source.status} />` },
  { label: "Tested", cell: (source) => html`<${When} at=${source.last_tested} none="never" />` },
  { label: "Synced tables", cell: (source) => tables(source), end: true },
];

function tables({ table_count: found, enabled_table_count: synced }) {
  return found === 0 ? "none found yet" : `${number(synced)} of ${number(found)}`;
}

export function Sources() {
  const { query } = address.use();
  const found = useLoad(`/api/sources?${place(query)}`);
  const add = may("editor") && html`<a class="button main" href="/console/sources/new">Add a source</a>`;
  const empty = html`<${Empty} title="No sources yet">
    <p>A source is a MySQL, MariaDB or PostgreSQL database to copy tables from.</p>
    ${add}
  </${Empty}>`;
  return html`<${Page} title="Sources" lead="Databases that rows come from." actions=${add}>
    <${Loaded} found=${found}>
      ${(sources, meta) => html`
        <${Table} caption="Sources" columns=${COLUMNS} rows=${sources} id=${(source) => source.id} empty=${empty} />
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Page}>`;
}

export function NewSource() {
  function added(source) {
    say(`${source.name} is added. Test whether it can be reached`);
    go(`/console/sources/${source.id}`);
  }
  return html`<${Page} title="Add a source" back=${["/console/sources", "Sources"]}>
    <section class="card">
      <${Form}
        label="New source"
        fields=${sourceFields()}
        submit="Add the source"
        send=${(body) => post("/api/sources", body)}
        done=${added}
        cancel=${() => go("/console/sources")}
      />
    </section>
  </${Page}>`;
}
