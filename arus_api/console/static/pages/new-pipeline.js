// A new pipeline: its source, what it is called and when it runs, and its tables.
import { address, ask, go } from "../lib/address.js";
import { post } from "../lib/api.js";
import { useDiscovery } from "../lib/discovery.js";
import { html, useEffect, useState } from "../lib/html.js";
import { useAll } from "../lib/load.js";
import { pipelineFields } from "../lib/pipeline-fields.js";
import { Choice } from "../ui/choice.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Banner, Empty, Loaded, Page, Section } from "../ui/page.js";
import { choicesOf, selection, TablePicker } from "../ui/table-picker.js";

export function NewPipeline() {
  const { query } = address.use();
  const sources = useAll("/api/sources");
  const destinations = useAll("/api/destinations");
  const discovery = useDiscovery(query.source ?? null);
  const [choices, setChoices] = useState(null);
  useEffect(() => setChoices(discovery.tables ? choicesOf(discovery.tables, []) : null), [discovery.tables]);
  return html`<${Page} title="New pipeline" back=${["/console/pipelines", "Pipelines"]}>
    <${Loaded} found=${sources}>
      ${(list) => html`<${Loaded} found=${destinations}>
        ${(places) =>
          list.length === 0 || places.length === 0
            ? html`<${Lacking} source=${list.length === 0} />`
            : html`
                <${SourceChoice} sources=${list} chosen=${query.source} />
                ${query.source && html`<${Tables} discovery=${discovery} choices=${choices} change=${setChoices} />`}
                ${choices && html`<${Rest} source=${list.find((one) => one.id === query.source)} places=${places} discovery=${discovery} choices=${choices} />`}
              `}
      </${Loaded}>`}
    </${Loaded}>
  </${Page}>`;
}

function Lacking({ source }) {
  const what = source ? "source" : "destination";
  return html`<${Empty} title=${`There is no ${what} yet`}>
    <p>A pipeline copies tables from a source to a destination.</p>
    <a class="button main" href=${`/console/${what}s/new`}>Add a ${what}</a>
  </${Empty}>`;
}

function SourceChoice({ sources, chosen }) {
  return html`<${Section} title="1. From where">
    <${Choice} label="Source" value=${chosen ?? ""} options=${[["", "choose…"], ...sources.map(({ id, name }) => [id, name])]} set=${(next) => ask({ source: next })} />
  </${Section}>`;
}

function Tables({ discovery, choices, change }) {
  return html`<${Section} title="2. Which tables">
    ${discovery.error && html`<${Banner} tone="bad"><p class="pre">${discovery.error.message}</p></${Banner}>`}
    ${!choices && !discovery.error && html`<p class="muted loading" role="status">Looking at the source's tables…</p>`}
    ${choices && html`<${TablePicker} discovered=${discovery.tables} choices=${choices} change=${change} />`}
  </${Section}>`;
}

function Rest({ source, places, discovery, choices }) {
  // The default destination first, so that it is the one chosen.
  const ordered = [...places].sort((a, b) => Number(b.is_default) - Number(a.is_default));
  const fields = pipelineFields({ others: discovery.all, destinations: ordered });
  const send = (body) => {
    const tables = selection(discovery.tables, choices);
    return post("/api/pipelines", { ...body, source_id: source.id, tables });
  };
  function made(pipeline) {
    say(`${pipeline.name} is made. Its first run reads the tables whole`);
    go(`/console/pipelines/${pipeline.id}`);
  }
  return html`<${Section} title="3. How and when">
    <${Form}
      label="New pipeline"
      fields=${fields}
      value=${{}}
      submit="Make the pipeline"
      send=${send}
      done=${made}
      cancel=${() => go("/console/pipelines")}
    />
  </${Section}>`;
}
