// The Python that changes a pipeline's rows on their way.
import { go } from "../../lib/address.js";
import { post, put, remove } from "../../lib/api.js";
import { html } from "../../lib/html.js";
import { useLoad } from "../../lib/load.js";
import { may } from "../../lib/session.js";
import { Button } from "../../ui/button.js";
import { confirm } from "../../ui/dialog.js";
import { Form } from "../../ui/form.js";
import { say } from "../../ui/notice.js";
import { Empty, Loaded, Section, When } from "../../ui/page.js";

const START = `def transform(row):
    # row is a dict of the source's columns. Return it, changed or not, or None to drop it.
    return row
`;

function fields(pipeline) {
  const tables = pipeline.tables.map((table) => [table.name, table.name]);
  return [
    { name: "name", label: "Name", required: true },
    { name: "table", label: "Table", type: "select", blank: null, options: [["", "every table"], ...new Map(tables)] },
    { name: "description", label: "Description", blank: null, span: true },
    {
      name: "content",
      label: "Python",
      type: "code",
      rows: 16,
      span: true,
      required: true,
      initial: START,
      help: "Defines transform(row). It is tried out when you save; only the standard library can be imported.",
    },
  ];
}

/** @param part a script's id, `new`, or nothing for the list. */
export function Scripts({ pipeline, part }) {
  const path = `/api/pipelines/${pipeline.id}/scripts`;
  const home = `/console/pipelines/${pipeline.id}/scripts`;
  if (part === "new") return html`<${Editor} pipeline=${pipeline} home=${home} send=${(body) => post(path, body)} />`;
  if (part) return html`<${Stored} pipeline=${pipeline} home=${home} path=${`${path}/${part}`} />`;
  return html`<${List} path=${path} home=${home} />`;
}

function List({ path, home }) {
  const found = useLoad(`${path}?limit=500`);
  const add = may("editor") && html`<a class="button main" href=${`${home}/new`}>New script</a>`;
  const empty = html`<${Empty} title="No scripts">
    <p>A script is Python that changes or drops rows before they are loaded. Scripts run in the order in which they were made.</p>
  </${Empty}>`;
  return html`<${Section} title="Scripts" actions=${add}>
    <${Loaded} found=${found}>
      ${(scripts) =>
        scripts.length === 0
          ? empty
          : html`<ul class="letters">
              ${[...scripts].sort((a, b) => a.created_at.localeCompare(b.created_at)).map((script) => html`<${Script} key=${script.id} script=${script} home=${home} />`)}
            </ul>`}
    </${Loaded}>
  </${Section}>`;
}

function Script({ script, home }) {
  return html`<li class="letter">
    <div class="letter-head">
      <span>${may("editor") ? html`<a href=${`${home}/${script.id}`}>${script.name}</a>` : html`<b>${script.name}</b>`}
        <span class="muted"> on ${script.table ?? "every table"}</span></span>
      <span class="muted">changed <${When} at=${script.updated_at} /></span>
    </div>
    ${script.description && html`<p>${script.description}</p>`}
    <details>
      <summary>The code</summary>
      <pre tabindex="0" aria-label=${`Code of ${script.name}`}>${script.content}</pre>
    </details>
  </li>`;
}

function Stored({ pipeline, home, path }) {
  const found = useLoad(path);
  async function drop() {
    const sure = await confirm({
      title: `Delete ${found.data.name}?`,
      text: "Rows are no longer changed by it from the next run on.",
      yes: "Delete the script",
      danger: true,
    });
    if (!sure) return;
    await remove(path);
    say("The script is deleted");
    go(home);
  }
  return html`<${Loaded} found=${found}>
    ${(script) => html`<${Editor} pipeline=${pipeline} home=${home} script=${script} drop=${drop} send=${(body) => put(path, body)} />`}
  </${Loaded}>`;
}

function Editor({ pipeline, home, script, send, drop }) {
  function saved() {
    say("Saved; it holds from the next run on");
    go(home);
  }
  return html`<${Section}
    title=${script ? script.name : "New script"}
    actions=${drop && html`<${Button} kind="danger" act=${drop}>Delete</${Button}>`}
  >
    <${Form}
      label="Script"
      fields=${fields(pipeline)}
      value=${script}
      partial=${Boolean(script)}
      submit="Save"
      send=${send}
      done=${saved}
      cancel=${() => go(home)}
    />
  </${Section}>`;
}
