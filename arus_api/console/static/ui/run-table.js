// Runs as a list, on the dashboard, the page of all runs and a pipeline's page.
import { html } from "../lib/html.js";
import { duration, number, words } from "../lib/format.js";
import { Empty, When } from "./page.js";
import { Status } from "./status.js";
import { Table } from "./table.js";

/** @param pipeline whether the pipeline is named: not on its own page. */
export function RunTable({ caption, runs, pipeline = true }) {
  const name = (run) => (run.pipeline_id ? html`<a href=${`/console/pipelines/${run.pipeline_id}`}>${run.pipeline_name}</a>` : run.pipeline_name);
  const columns = [
    { label: "Run", cell: (run) => html`<a class="id" href=${`/console/runs/${run.id}`}>${run.id.slice(0, 8)}</a>` },
    pipeline && { label: "Pipeline", cell: name, wide: true },
    { label: "Status", cell: (run) => html`<${Status} value=${run.status} />` },
    { label: "Started by", cell: (run) => words(run.trigger_type) },
    { label: "When", cell: (run) => html`<${When} at=${run.started_at ?? run.created_at} />` },
    { label: "Took", cell: (run) => duration(run.duration_ms), end: true },
    { label: "Rows", cell: (run) => number(run.rows_synced), end: true },
  ].filter(Boolean);
  const empty = html`<${Empty} title="No runs">
    <p>A pipeline runs on its schedule, or when you press “Run now” on its page.</p>
  </${Empty}>`;
  return html`<${Table} caption=${caption} columns=${columns} rows=${runs} id=${(run) => run.id} empty=${empty} />`;
}
