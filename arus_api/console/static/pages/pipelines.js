// The list of pipelines: state, next run, how the last one went, and what can be done at once.
import { address } from "../lib/address.js";
import { post } from "../lib/api.js";
import { html } from "../lib/html.js";
import { compact, number, plural } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { say } from "../ui/notice.js";
import { Empty, Loaded, Page, When } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { startRun, toggle } from "../ui/pipeline-actions.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

export function Pipelines() {
  const { query } = address.use();
  const found = useLoad(`/api/pipelines?${place(query)}`, { every: 5000 });
  const add = may("editor") && html`<a class="button main" href="/console/pipelines/new">New pipeline</a>`;
  const empty = html`<${Empty} title="No pipelines yet">
    <p>A pipeline copies tables of a source to a destination and keeps them up to date.</p>
    <p>The short way to one: open a <a href="/console/sources">source</a> and choose its tables.</p>
  </${Empty}>`;
  return html`<${Page}
    title="Pipelines"
    lead="What is copied from where to where, and when."
    actions=${html`${may("editor") && found.data?.length > 0 && html`<${Bulk} reload=${found.reload} />`}${add}`}
  >
    <${Loaded} found=${found}>
      ${(rows, meta) => html`
        <${Table} caption="Pipelines" columns=${columns(found.reload)} rows=${rows} id=${(one) => one.id} empty=${empty} />
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Page}>`;
}

function columns(reload) {
  return [
    {
      label: "Pipeline",
      wide: true,
      cell: (one) => html`<a href=${`/console/pipelines/${one.id}`}>${one.name}</a>
        <span class="under">${one.source.name} → ${one.destination.name}, ${plural(one.tables.filter((table) => table.enabled).length, "table")}</span>`,
    },
    { label: "State", cell: (one) => html`<${Status} value=${one.problem ? "error" : one.status} label=${one.problem && "can't be loaded"} />` },
    { label: "Schedule", wide: true, cell: (one) => one.schedule_label ?? (one.depends_on ? "after another pipeline" : "only by hand") },
    { label: "Next run", cell: (one) => html`<${When} at=${one.status === "active" && one.next_run_at} />` },
    {
      label: "Last run",
      cell: ({ last_run: run }) =>
        run
          ? html`<a href=${`/console/runs/${run.id}`}><${Status} value=${run.status} /></a>
              <span class="under"><${When} at=${run.finished_at ?? run.started_at ?? run.created_at} /></span>`
          : html`<span class="muted">none yet</span>`,
    },
    { label: "Rows, 24 h", cell: (one) => html`<span title=${number(one.stats.rows_synced_24h)}>${compact(one.stats.rows_synced_24h)}</span>`, end: true },
    may("editor") && {
      label: "Actions",
      wide: true,
      cell: (one) => html`<span class="row-actions">
        <${Button} act=${() => startRun(one, "trigger")} aria-label=${`Run ${one.name} now`}>Run now</${Button}>
        ${one.schedule &&
        html`<${Button} act=${() => toggle(one).then(reload)} aria-label=${`${one.status === "active" ? "Pause" : "Resume"} ${one.name}`}>
          ${one.status === "active" ? "Pause" : "Resume"}
        </${Button}>`}
      </span>`,
    },
  ].filter(Boolean);
}

function Bulk({ reload }) {
  const act = (path, title, text, yes, done) => async () => {
    if (!(await confirm({ title, text, yes }))) return;
    const { changed } = await post(`/api/pipelines/${path}`);
    say(`${plural(changed.length, "pipeline")} ${done}`);
    reload();
  };
  return html`
    <${Button} act=${act("pause-all", "Pause all pipelines?", "No schedule starts a run until you resume them. Runs that are active go on.", "Pause all", "paused")}>Pause all</${Button}>
    <${Button} act=${act("resume-all", "Resume all pipelines?", "Every schedule ticks again, also of pipelines that were paused one by one.", "Resume all", "resumed")}>Resume all</${Button}>
  `;
}
