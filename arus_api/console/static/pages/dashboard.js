// The installation at a glance.
import { address, ask } from "../lib/address.js";
import { html } from "../lib/html.js";
import { compact, number } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { DailyRuns } from "../ui/chart.js";
import { Choice } from "../ui/choice.js";
import { Loaded, Page, Section } from "../ui/page.js";
import { RunTable } from "../ui/run-table.js";

const EVERY = 10_000;
const SPANS = ["7", "14", "30"];

export function Dashboard() {
  const summary = useLoad("/api/dashboard/summary", { every: EVERY });
  const destinations = useLoad("/api/destinations?limit=1");
  return html`<${Page} title="Dashboard">
    <${Loaded} found=${summary}>
      ${(data) => html`
        <${Start} summary=${data} destinations=${destinations.meta?.total} />
        <${Tiles} summary=${data} />
      `}
    </${Loaded}>
    <${Daily} />
    <${Latest} />
  </${Page}>`;
}

function Tiles({ summary }) {
  return html`<ul class="tiles">
    <${Tile} label="Rows in 24 hours" value=${compact(summary.rows_synced_24h)} exact=${number(summary.rows_synced_24h)} />
    <${Tile} label="Rows ever" value=${compact(summary.total_rows_synced)} exact=${number(summary.total_rows_synced)} />
    <${Tile}
      label="Failed runs in 24 hours"
      value=${number(summary.failed_runs_24h)}
      tone=${summary.failed_runs_24h ? "bad" : ""}
      href="/console/runs?status=failed"
    />
    <${Tile}
      label="Active pipelines"
      value=${`${number(summary.active_pipelines)} of ${number(summary.total_pipelines)}`}
      href="/console/pipelines"
    />
    <${Tile} label="Tables" value=${number(summary.unique_tables)} href="/console/lineage" />
    <${Tile} label="Sources" value=${number(summary.total_sources)} href="/console/sources" />
  </ul>`;
}

function Tile({ label, value, exact, tone = "", href }) {
  const inside = html`<span class="value" title=${exact}>${value}</span><span class="label">${label}</span>`;
  return html`<li class=${`tile ${tone}`}>${href ? html`<a href=${href}>${inside}</a>` : inside}</li>`;
}

/** The way to the first synced table, until it is gone. */
function Start({ summary, destinations }) {
  if (destinations === undefined || summary.total_pipelines > 0) return null;
  const steps = [
    [destinations > 0, "/console/destinations/new", "Add a destination", "the PostgreSQL warehouse that rows go to"],
    [summary.total_sources > 0, "/console/sources/new", "Add a source", "the database that rows come from"],
    [false, "/console/sources", "Choose its tables", "which makes a pipeline that keeps them up to date"],
  ];
  return html`<${Section} title="Get started">
    <ol class="steps">
      ${steps.map(
        ([done, href, label, why]) => html`<li key=${label} class=${done ? "done" : ""}>
          ${done || !may("editor") ? label : html`<a href=${href}>${label}</a>`}: ${why}${done && " (done)"}
        </li>`,
      )}
    </ol>
  </${Section}>`;
}

function Daily() {
  const { query } = address.use();
  const days = SPANS.includes(query.days) ? query.days : "14";
  const found = useLoad(`/api/runs/stats/daily?days=${days}`, { every: EVERY });
  const choice = html`<${Choice} label="Days" value=${days} options=${SPANS.map((span) => [span, span])} set=${(next) => ask({ days: next })} />`;
  return html`<${Section} title="Runs by day" actions=${choice}>
    <${Loaded} found=${found}>${(data) => html`<${DailyRuns} days=${data} />`}</${Loaded}>
  </${Section}>`;
}

function Latest() {
  const found = useLoad("/api/dashboard/recent-runs?limit=10", { every: EVERY });
  return html`<${Section} title="Latest runs" actions=${html`<a href="/console/runs">All runs</a>`}>
    <${Loaded} found=${found}>${(runs) => html`<${RunTable} caption="Latest runs" runs=${runs} />`}</${Loaded}>
  </${Section}>`;
}
