// All runs, filtered by status and pipeline.
import { address } from "../lib/address.js";
import { html } from "../lib/html.js";
import { useAll, useLoad } from "../lib/load.js";
import { Filter } from "../ui/choice.js";
import { Loaded, Page } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { RunTable } from "../ui/run-table.js";

const STATUSES = ["running", "pending", "success", "failed", "cancelled", "skipped"];

export function Runs() {
  const { query } = address.use();
  const filters = ["status", "pipeline_id"].filter((name) => query[name]);
  const search = filters.map((name) => `&${name}=${encodeURIComponent(query[name])}`).join("");
  const found = useLoad(`/api/runs?${place(query)}${search}`, { every: 5000 });
  const pipelines = useAll("/api/pipelines");
  const status = STATUSES.map((name) => [name, name]);
  const names = (pipelines.data ?? []).map(({ id, name }) => [id, name]);
  return html`<${Page} title="Runs" lead="Every run of every pipeline, newest first.">
    <div class="filters" role="search" aria-label="Filter the runs">
      <${Filter} label="Status" name="status" any="any" options=${status} query=${query} />
      <${Filter} label="Pipeline" name="pipeline_id" any="all" options=${names} query=${query} />
    </div>
    <${Loaded} found=${found}>
      ${(runs, meta) => html`<${RunTable} caption="Runs" runs=${runs} /><${Paging} meta=${meta} />`}
    </${Loaded}>
  </${Page}>`;
}
