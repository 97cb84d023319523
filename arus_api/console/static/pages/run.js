// One run, live while it lasts: its tables as they get on, and its log.
import { go } from "../lib/address.js";
import { post } from "../lib/api.js";
import { html } from "../lib/html.js";
import { bytes, duration, number, plural, time, words } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { useLog } from "../lib/run-log.js";
import { may } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { say } from "../ui/notice.js";
import { Banner, External, Facts, Loaded, Page, Section, When } from "../ui/page.js";
import { Log } from "../ui/log.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

const ACTIVE = ["pending", "running"];
const STATES = { pending: "Waiting to start: ", running: "Running: " };
// Dagster's own words for it name the step.
const STEP_STARTS = /^Started execution of step .*$/;
const isActive = (run) => ACTIVE.includes(run?.status);

export function Run({ id }) {
  const found = useLoad(`/api/runs/${id}`, { every: (run) => (isActive(run) || !run ? 1000 : 0) });
  const log = useLog(id, isActive(found.data));
  const pipelineId = found.data?.pipeline_id ?? null;
  const pipeline = useLoad(pipelineId && `/api/pipelines/${pipelineId}`);
  const title = found.data ? `Run ${id.slice(0, 8)}` : "Run";
  return html`<${Page}
    title=${title}
    back=${["/console/runs", "Runs"]}
    lead=${found.data && html`${found.data.pipeline_name} · ${words(found.data.trigger_type)}`}
    actions=${found.data && html`<${Actions} run=${found.data} reload=${found.reload} />`}
  >
    <${Loaded} found=${found}>
      ${(run) => html`
        <${Reason} run=${run} />
        <${Overview} run=${run} />
        <${Progress} run=${run} lines=${log.lines} planned=${pipeline.data?.tables ?? []} />
        <${Log} log=${log} live=${isActive(run)} />
      `}
    </${Loaded}>
  </${Page}>`;
}

function Actions({ run, reload }) {
  async function cancel() {
    const sure = await confirm({
      title: "Cancel this run?",
      text: "Tables that are done stay as they are; of the one it is at, nothing is kept.",
      yes: "Cancel the run",
      danger: true,
    });
    if (!sure) return;
    await post(`/api/runs/${run.id}/cancel`);
    say("The run is being cancelled");
    reload();
  }
  async function retry() {
    const started = await post(`/api/runs/${run.id}/retry`);
    say("A new run tries again what did not succeed");
    go(`/console/runs/${started.id}`);
  }
  const failed = ["failed", "cancelled"].includes(run.status);
  return html`
    ${may("editor") && isActive(run) && html`<${Button} kind="danger" act=${cancel}>Cancel</${Button}>`}
    ${may("editor") && failed && run.pipeline_id && html`<${Button} kind="main" act=${retry}>Retry</${Button}>`}
    <${External} href=${run.dagster_url}>Open in Dagster</${External}>
  `;
}

function Reason({ run }) {
  if (run.error_message) return html`<${Banner} tone="bad"><p class="pre">${run.error_message}</p></${Banner}>`;
  return run.skip_reason && html`<${Banner}>${run.skip_reason}</${Banner}>`;
}

function Overview({ run }) {
  const dates = run.from_date && `${run.from_date} to ${run.to_date ?? "now"}`;
  return html`<${Section} title="Overview">
    <${Facts}
      entries=${[
        ["Status", html`<${Status} value=${run.status} />`],
        ["Pipeline", run.pipeline_id ? html`<a href=${`/console/pipelines/${run.pipeline_id}`}>${run.pipeline_name}</a>` : run.pipeline_name],
        ["Kind", words(run.mode)],
        ["Dates", dates],
        ["Asked for", time(run.created_at)],
        ["Started", run.started_at && html`<${When} at=${run.started_at} />`],
        ["Took", run.duration_ms !== null && duration(run.duration_ms)],
        ["Rows synced", number(run.rows_synced)],
        ["Attempt", run.attempt > 1 && number(run.attempt)],
        ["Tries again", run.retried_from && html`<a class="id" href=${`/console/runs/${run.retried_from}`}>${run.retried_from.slice(0, 8)}</a>`],
      ].map(([name, value]) => [name, value === false ? null : value])}
    />
  </${Section}>`;
}

/** Every table that the run has or will have, with what is known of it. */
function tablesOf(run, lines, planned) {
  const done = new Map(run.tables.map((table) => [table.table_name, table]));
  const begun = new Map(lines.filter((line) => line.table).map((line) => [line.table, line.message.replace(STEP_STARTS, "Starting")]));
  // What is planned now is what this run does only while it lasts.
  const now = isActive(run) ? planned.filter((table) => table.enabled).map((table) => `${table.schema}.${table.name}`) : [];
  return [...new Set([...done.keys(), ...begun.keys(), ...now])].sort().map((name) => {
    const result = done.get(name);
    if (result && !(isActive(run) && result.error_message)) return { name, ...result, state: result.error_message ? "failed" : "success" };
    const state = begun.has(name) ? (isActive(run) ? "working" : run.status) : isActive(run) ? "waiting" : run.status;
    return { name, ...result, state, latest: begun.get(name) };
  });
}

function Progress({ run, lines, planned }) {
  const tables = tablesOf(run, lines, planned);
  const finished = tables.filter((table) => ["success", "failed"].includes(table.state)).length;
  const failed = tables.filter((table) => table.state === "failed").length;
  const text = `${number(finished)} of ${plural(tables.length, "table")} done${failed ? `, ${number(failed)} failed` : ""}`;
  const columns = [
    { label: "Table", cell: (table) => table.name, wide: true },
    { label: "State", cell: (table) => html`<${Status} value=${table.state} label=${table.state === "success" ? "done" : undefined} />` },
    { label: "Read", cell: (table) => number(table.rows_extracted), end: true },
    { label: "Loaded", cell: (table) => number(table.rows_loaded), end: true },
    { label: "Rejected", cell: (table) => number(table.rows_failed), end: true },
    { label: "Size", cell: (table) => bytes(table.bytes), end: true },
    { label: "Took", cell: (table) => duration(table.duration_ms), end: true },
    { label: "Checks", cell: (table) => html`<${Checks} table=${table} />`, wide: true },
  ];
  return html`<${Section} title="Tables">
    ${isActive(run) &&
    tables.length > 0 &&
    html`<progress max=${tables.length} value=${finished} aria-label="Tables done"></progress>`}
    <p role="status" class="muted">${STATES[run.status] ?? ""}${text}</p>
    <${Table} caption="Tables of this run" columns=${columns} rows=${tables} id=${(table) => table.name} />
  </${Section}>`;
}

function Checks({ table }) {
  if (table.error_message) return html`<span class="bad-text">${table.error_message}</span>`;
  if (!table.checks) return html`<span class="muted">${table.latest ?? ""}</span>`;
  const broken = table.checks.filter((check) => !check.passed);
  const warnings = Object.entries(table.warnings).map(([kind, count]) => `${kind}: ${plural(count, "value")}`);
  return html`
    ${broken.length === 0
      ? html`<${Status} value="passed" label=${`${number(table.checks.length)} passed`} />`
      : broken.map((check) => html`<p key=${check.name} class="bad-text">${words(check.name)}: ${check.message}</p>`)}
    ${warnings.map((text) => html`<p key=${text} class="muted">${text}</p>`)}
  `;
}
