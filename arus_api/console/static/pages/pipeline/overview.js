// A pipeline at a glance: its state, its tables and its latest run.
import { html } from "../../lib/html.js";
import { duration, number, words } from "../../lib/format.js";
import { useLoad } from "../../lib/load.js";
import { may } from "../../lib/session.js";
import { Empty, Facts, Loaded, Section, When } from "../../ui/page.js";
import { Status } from "../../ui/status.js";
import { Table } from "../../ui/table.js";

export function Overview({ pipeline }) {
  const { stats, last_run: run } = pipeline;
  return html`
    <div class="columns-2">
      <${Section} title="State">
        <${Facts}
          entries=${[
            ["State", html`<${Status} value=${pipeline.status} />`],
            ["Schedule", html`${pipeline.schedule_label ?? "none"}${pipeline.schedule && html` <code>${pipeline.schedule}</code> ${pipeline.timezone}`}`],
            ["Next run", pipeline.status === "active" && pipeline.next_run_at && html`<${When} at=${pipeline.next_run_at} />`],
            ["Waits for", pipeline.depends_on && html`<${Upstream} id=${pipeline.depends_on} />`],
            ["Last run", run && html`<a href=${`/console/runs/${run.id}`}><${Status} value=${run.status} /></a> <${When} at=${run.finished_at ?? run.started_at ?? run.created_at} />`],
            ["Description", pipeline.description],
          ].map(([name, value]) => [name, value === false ? null : value])}
        />
      </${Section}>
      <${Section} title="Statistics">
        <${Facts}
          entries=${[
            ["Rows ever", number(stats.total_rows_synced)],
            ["Rows in the last 24 hours", number(stats.rows_synced_24h)],
            ["Runs that succeed", stats.success_rate === null ? "–" : `${Math.round(stats.success_rate)} %`],
            ["A run takes", duration(stats.avg_duration_ms)],
            ["Failed in the last 24 hours", number(stats.error_count_24h)],
          ]}
        />
      </${Section}>
    </div>
    <${Section}
      title="Tables"
      actions=${may("editor") && html`<a href=${`/console/sources/${pipeline.source_id}/tables`}>Choose tables of the source</a>`}
    >
      <${Tables} pipeline=${pipeline} />
    </${Section}>
  `;
}

function Upstream({ id }) {
  const found = useLoad(`/api/pipelines/${id}`);
  return html`<${Loaded} found=${found}>${(one) => html`<a href=${`/console/pipelines/${id}`}>${one.name}</a>`}</${Loaded}>`;
}

function Tables({ pipeline }) {
  const name = (table) => `${table.schema}.${table.name}`;
  const columns = [
    {
      label: "Source table",
      wide: true,
      cell: (table) => (may("editor") ? html`<a href=${`/console/pipelines/${pipeline.id}/tables/${table.id}`}>${name(table)}</a>` : name(table)),
    },
    {
      label: "Target",
      wide: true,
      cell: (table) => html`${table.target_schema}.${table.target_table}${table.load_mode === "raw" && html`<span class="under">by way of ${table.raw_schema}.${table.raw_table}</span>`}`,
    },
    { label: "Sync", cell: (table) => words(table.sync_mode) },
    {
      label: "Synced up to",
      wide: true,
      cell: (table) =>
        table.watermark_column
          ? html`${table.watermark_value ?? "–"}<span class="under">${table.watermark_column}</span>`
          : html`<span class="muted">whole table</span>`,
    },
    { label: "Rows", cell: (table) => number(table.row_count), end: true },
    { label: "Last synced", cell: (table) => (table.enabled ? html`<${When} at=${table.last_synced_at} none="never" />` : html`<${Status} value="paused" label="off" />`) },
  ];
  const empty = html`<${Empty} title="No tables">
    <p>Choose which tables of the source this pipeline is to copy.</p>
  </${Empty}>`;
  return html`<${Table} caption="Tables of the pipeline" columns=${columns} rows=${pipeline.tables} id=${(table) => table.id} empty=${empty} />`;
}
