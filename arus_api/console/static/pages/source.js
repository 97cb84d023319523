// One source: its state, test, changes, removal, and the way to its tables.
import { go } from "../lib/address.js";
import { post, put, remove } from "../lib/api.js";
import { formValue, kindName } from "../lib/connection.js";
import { html, useState } from "../lib/html.js";
import { number, time } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Banner, Facts, Loaded, Page, Section } from "../ui/page.js";
import { Status } from "../ui/status.js";
import { sourceFields } from "./sources.js";

export function Source({ id }) {
  const found = useLoad(`/api/sources/${id}`);
  const [editing, setEditing] = useState(false);
  const source = found.data;
  return html`<${Page}
    title=${source?.name ?? "Source"}
    back=${["/console/sources", "Sources"]}
    actions=${source && may("editor") && html`<${Actions} source=${source} reload=${found.reload} edit=${() => setEditing(true)} />`}
  >
    <${Loaded} found=${found}>
      ${(data) =>
        editing
          ? html`<${Edit} source=${data} close=${() => setEditing(false)} reload=${found.reload} />`
          : html`<${Overview} source=${data} />`}
    </${Loaded}>
  </${Page}>`;
}

function Actions({ source, reload, edit }) {
  async function test() {
    try {
      const { server_version, tls } = await post(`/api/sources/${source.id}/test`);
      say(`Connected to ${kindName(source.type)} ${server_version}, ${tls ? "encrypted" : "not encrypted"}`);
    } finally {
      reload();
    }
  }
  async function drop() {
    const sure = await confirm({
      title: `Remove ${source.name}?`,
      text: "Arus forgets how to reach it. The database itself and what was loaded from it stay.",
      yes: "Remove the source",
      danger: true,
    });
    if (!sure) return;
    await remove(`/api/sources/${source.id}`);
    say(`${source.name} is removed`);
    go("/console/sources");
  }
  return html`
    <a class="button main" href=${`/console/sources/${source.id}/tables`}>Choose tables</a>
    <${Button} act=${test}>Test</${Button}>
    <button type="button" class="button" onClick=${edit}>Edit</button>
    <${Button} kind="danger" act=${drop}>Remove</${Button}>
  `;
}

function Overview({ source }) {
  return html`
    ${source.last_error && html`<${Banner} tone="bad"><p class="pre">${source.last_error}</p></${Banner}>`}
    <${Section} title="Connection">
      <${Facts}
        entries=${[
          ["State", html`<${Status} value=${source.status} />`],
          ["Last tested", time(source.last_tested)],
          ["Kind", kindName(source.type)],
          ["Host", `${source.host}:${source.port}`],
          ["Database", source.database],
          ["User", source.username],
          ["TLS", source.ssl_mode],
        ]}
      />
    </${Section}>
    <${Section} title="Tables">
      <${Facts}
        entries=${[
          ["Found by the last discovery", number(source.table_count)],
          ["Synced", number(source.enabled_table_count)],
          ["Sync", source.sync_method.replace("_", " ")],
          ["Take", source.table_include.join(", ") || "all"],
          ["Leave out", source.table_exclude.join(", ")],
          ["Schemas", source.schema_include.join(", ")],
        ]}
      />
      ${source.table_count === 0 &&
      may("editor") &&
      html`<p><a href=${`/console/sources/${source.id}/tables`}>Discover its tables</a> to choose which are synced.</p>`}
    </${Section}>
  `;
}

function Edit({ source, close, reload }) {
  function saved() {
    say("Saved. Test the connection if you changed it");
    reload();
    close();
  }
  return html`<section class="card">
    <${Form}
      label="Edit the source"
      fields=${sourceFields(source)}
      value=${formValue(source)}
      partial
      submit="Save"
      send=${(body) => put(`/api/sources/${source.id}`, body)}
      done=${saved}
      cancel=${close}
    />
  </section>`;
}
