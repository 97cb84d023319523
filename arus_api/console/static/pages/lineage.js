// The way of the rows: from source by way of raw to target, and between pipelines.
import { address, ask } from "../lib/address.js";
import { html, useState } from "../lib/html.js";
import { duration, number, words } from "../lib/format.js";
import { layers, MOST } from "../lib/layers.js";
import { useLoad } from "../lib/load.js";
import { Choice } from "../ui/choice.js";
import { Graph } from "../ui/graph.js";
import { Banner, Empty, External, Facts, Loaded, Page, Section, When } from "../ui/page.js";
import { Status } from "../ui/status.js";

export function Lineage() {
  const { query } = address.use();
  const found = useLoad("/api/dag", { every: 10_000 });
  return html`<${Page} title="Lineage" lead="The way of the rows: from source tables, by way of raw ones, to targets.">
    <${Loaded} found=${found}>
      ${(dag) =>
        dag.pipelines.length === 0
          ? html`<${Empty} title="Nothing flows yet">
              <p>As soon as there is a pipeline with tables, its way stands here.</p>
              <a href="/console/sources">Choose tables of a source</a>
            </${Empty}>`
          : html`<${Shown} dag=${dag} chosen=${query.pipeline ?? ""} />`}
    </${Loaded}>
  </${Page}>`;
}

function Shown({ dag, chosen }) {
  const [id, setId] = useState(null);
  const pipelines = chosen ? dag.pipelines.filter((pipeline) => pipeline.id === chosen) : dag.pipelines;
  const graph = layers(pipelines);
  const asset = graph.nodes.find((node) => node.id === id);
  return html`
    <div class="filters">
      <${Choice} label="Pipeline" value=${chosen} options=${[["", "all"], ...dag.pipelines.map((one) => [one.id, one.name])]} set=${(next) => ask({ pipeline: next })} />
    </div>
    ${graph.left > 0 &&
    html`<${Banner}>The first ${number(MOST)} tables are drawn, ${number(graph.left)} are not. Choose a pipeline to see its own.</${Banner}>`}
    <${Order} dag=${dag} />
    <section class="card" aria-label="Graph">
      <${Graph} graph=${graph} selected=${id} select=${(next) => setId(next === id ? null : next)} />
    </section>
    <div role="status">${asset && html`<${Asset} asset=${asset} />`}</div>
  `;
}

/** Which pipeline waits for which. */
function Order({ dag }) {
  if (dag.edges.length === 0) return null;
  const names = new Map(dag.pipelines.map((pipeline) => [pipeline.id, pipeline.name]));
  const link = (id) => html`<a href=${`/console/pipelines/${id}`}>${names.get(id) ?? "a deleted pipeline"}</a>`;
  return html`<${Section} title="Order of pipelines">
    <ul class="plain">
      ${dag.edges.map((edge) => html`<li key=${`${edge.from} ${edge.to}`}>${link(edge.from)} <span aria-label="before">→</span> ${link(edge.to)}</li>`)}
    </ul>
  </${Section}>`;
}

function Asset({ asset }) {
  const title = `${asset.schema}.${asset.table}`;
  return html`<${Section} title=${title} actions=${html`<${External} href=${asset.dagster_url}>Open in Dagster</${External}>`}>
    ${asset.error && html`<${Banner} tone="bad"><p class="pre">${asset.error}</p></${Banner}>`}
    <${Facts}
      entries=${[
        ["Layer", asset.layer],
        ["State", asset.layer === "source" ? null : html`<${Status} value=${asset.status} label=${asset.status === "pending" ? "not synced yet" : undefined} />`],
        ["Pipelines", html`${asset.pipelines.map((one, place) => html`${place > 0 && ", "}<a key=${one.id} href=${`/console/pipelines/${one.id}`}>${one.name}</a>`)}`],
        ["Sync", words(asset.sync_mode)],
        ["Rows", asset.layer === "source" ? null : number(asset.rows)],
        ["Took", asset.duration_ms === null ? null : duration(asset.duration_ms)],
        ["Last synced", asset.last_materialized_at && html`<${When} at=${asset.last_materialized_at} />`],
      ]}
    />
  </${Section}>`;
}
