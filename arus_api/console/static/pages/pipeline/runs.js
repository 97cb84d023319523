// A pipeline's own runs.
import { address } from "../../lib/address.js";
import { html } from "../../lib/html.js";
import { useLoad } from "../../lib/load.js";
import { Loaded, Section } from "../../ui/page.js";
import { Paging, place } from "../../ui/paging.js";
import { RunTable } from "../../ui/run-table.js";

export function PipelineRuns({ pipeline }) {
  const { query } = address.use();
  const found = useLoad(`/api/pipelines/${pipeline.id}/runs?${place(query)}`, { every: 5000 });
  return html`<${Section} title="Runs">
    <${Loaded} found=${found}>
      ${(runs, meta) => html`<${RunTable} caption="Runs of the pipeline" runs=${runs} pipeline=${false} /><${Paging} meta=${meta} />`}
    </${Loaded}>
  </${Section}>`;
}
