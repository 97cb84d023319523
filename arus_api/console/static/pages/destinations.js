// Destinations: the list, and one with its form, test and removal.
import { address, go } from "../lib/address.js";
import { post, put, remove } from "../lib/api.js";
import { connectionFields, formValue, kindName, tlsFields } from "../lib/connection.js";
import { html } from "../lib/html.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Banner, Empty, Facts, Loaded, Page, Section, When } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

function fields(stored) {
  return [
    { name: "name", label: "Name", required: true },
    ...connectionFields(stored),
    { name: "target_schema", label: "Schema of targets", initial: "analytics", required: true, help: "Where tables of new pipelines go." },
    { name: "raw_schema", label: "Schema of raw rows", initial: "staging", required: true, help: "Raw rows, the state of loads and dead letters." },
    { name: "is_default", label: "New pipelines write here by default", type: "checkbox", initial: !stored },
    tlsFields(),
  ];
}

const COLUMNS = [
  { label: "Name", cell: (one) => html`<a href=${`/console/destinations/${one.id}`}>${one.name}</a>`, wide: true },
  { label: "Database", cell: (one) => `${one.database} on ${one.host}:${one.port}`, wide: true },
  { label: "Schemas", cell: (one) => `${one.target_schema}, ${one.raw_schema}` },
  { label: "Connection", cell: (one) => html`<${Status} value=${one.status} />` },
  { label: "Tested", cell: (one) => html`<${When} at=${one.last_tested} none="never" />` },
  { label: "Default", cell: (one) => (one.is_default ? "yes" : "no") },
];

export function Destinations() {
  const { query } = address.use();
  const found = useLoad(`/api/destinations?${place(query)}`);
  const add = may("editor") && html`<a class="button main" href="/console/destinations/new">Add a destination</a>`;
  const empty = html`<${Empty} title="No destinations yet">
    <p>A destination is a PostgreSQL database that rows are loaded into.</p>
    ${add}
  </${Empty}>`;
  return html`<${Page} title="Destinations" lead="Warehouses that rows go to." actions=${add}>
    <${Loaded} found=${found}>
      ${(rows, meta) => html`
        <${Table} caption="Destinations" columns=${COLUMNS} rows=${rows} id=${(one) => one.id} empty=${empty} />
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Page}>`;
}

export function Destination({ id }) {
  return id === "new" ? html`<${NewDestination} />` : html`<${OldDestination} id=${id} />`;
}

function NewDestination() {
  function added(made) {
    say(`${made.name} is added. Test whether it can be reached`);
    go(`/console/destinations/${made.id}`);
  }
  return html`<${Page} title="Add a destination" back=${["/console/destinations", "Destinations"]}>
    ${may("editor")
      ? html`<section class="card">
          <${Form}
            label="New destination"
            fields=${fields()}
            submit="Add the destination"
            send=${(body) => post("/api/destinations", body)}
            done=${added}
            cancel=${() => go("/console/destinations")}
          />
        </section>`
      : html`<${Banner} tone="warn">This needs the role editor.</${Banner}>`}
  </${Page}>`;
}

function OldDestination({ id }) {
  const found = useLoad(`/api/destinations/${id}`);
  const one = found.data;
  async function test() {
    try {
      const { server_version } = await post(`/api/destinations/${id}/test`);
      say(`Connected to ${kindName(one.type)} ${server_version}; schemas and tables can be made`);
    } finally {
      found.reload();
    }
  }
  async function drop() {
    const sure = await confirm({
      title: `Remove ${one.name}?`,
      text: "Arus forgets how to reach it. What was loaded stays in the warehouse.",
      yes: "Remove the destination",
      danger: true,
    });
    if (!sure) return;
    await remove(`/api/destinations/${id}`);
    say(`${one.name} is removed`);
    go("/console/destinations");
  }
  const actions = html`<${Button} act=${test}>Test</${Button}><${Button} kind="danger" act=${drop}>Remove</${Button}>`;
  return html`<${Page}
    title=${one?.name ?? "Destination"}
    back=${["/console/destinations", "Destinations"]}
    actions=${one && may("editor") && actions}
  >
    <${Loaded} found=${found}>
      ${(data) => html`
        ${data.last_error && html`<${Banner} tone="bad"><p class="pre">${data.last_error}</p></${Banner}>`}
        <${Section} title="State">
          <${Facts}
            entries=${[
              ["Connection", html`<${Status} value=${data.status} />`],
              ["Last tested", html`<${When} at=${data.last_tested} none="never" />`],
              ["Default", data.is_default ? "yes: new pipelines write here" : "no"],
              ...(may("editor") ? [] : [["Host", `${data.host}:${data.port}`], ["Database", data.database], ["Schemas", `${data.target_schema}, ${data.raw_schema}`]]),
            ]}
          />
        </${Section}>
        ${may("editor") && html`<${Edit} key=${data.updated_at} one=${data} reload=${found.reload} />`}
      `}
    </${Loaded}>
  </${Page}>`;
}

function Edit({ one, reload }) {
  function saved() {
    say("Saved");
    reload();
  }
  return html`<${Section} title="Settings">
    <${Form}
      label="Edit the destination"
      fields=${fields(one)}
      value=${formValue(one)}
      partial
      submit="Save"
      send=${(body) => put(`/api/destinations/${one.id}`, body)}
      done=${saved}
    />
  </${Section}>`;
}
