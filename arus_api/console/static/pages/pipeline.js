// One pipeline: what can be done with it, and its tabs.
import { go } from "../lib/address.js";
import { remove } from "../lib/api.js";
import { html } from "../lib/html.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { say } from "../ui/notice.js";
import { Banner, External, Loaded, Page, Tabs } from "../ui/page.js";
import { backfill, fullRefresh, startRun, toggle } from "../ui/pipeline-actions.js";
import { DeadLetters } from "./pipeline/dead-letters.js";
import { Drift } from "./pipeline/drift.js";
import { EditPipeline } from "./pipeline/edit.js";
import { Links } from "./pipeline/links.js";
import { Overview } from "./pipeline/overview.js";
import { PipelineRuns } from "./pipeline/runs.js";
import { Scripts } from "./pipeline/scripts.js";
import { EditTable } from "./pipeline/table.js";

const TABS = {
  "": ["Overview", Overview],
  runs: ["Runs", PipelineRuns],
  "dead-letters": ["Dead letters", DeadLetters],
  drift: ["Drift", Drift],
  scripts: ["Scripts", Scripts],
  notifications: ["Notifications", Links],
  edit: ["Edit", EditPipeline, "editor"],
};
const EVERY = 5000;

/** @param part what the tab is about, such as a script's id. */
export function Pipeline({ id, tab = "", part }) {
  const found = useLoad(`/api/pipelines/${id}`, { every: tab === "edit" || part ? 0 : EVERY });
  const [label, content] = tab === "tables" && part ? ["Table", EditTable] : (TABS[tab] ?? TABS[""]);
  const base = `/console/pipelines/${id}`;
  const items = Object.entries(TABS)
    .filter(([, [, , role]]) => !role || may(role))
    .map(([name, [text]]) => [name ? `${base}/${name}` : base, text]);
  const current = tab && TABS[tab] ? `${base}/${tab}` : base;
  const name = found.data?.name ?? "Pipeline";
  return html`<${Page}
    title=${name}
    part=${tab && label.toLowerCase()}
    back=${["/console/pipelines", "Pipelines"]}
    lead=${found.data && html`${found.data.source.name} → ${found.data.destination.name}`}
    actions=${found.data && html`<${Actions} pipeline=${found.data} reload=${found.reload} />`}
  >
    <${Tabs} label="Parts of the pipeline" items=${items} current=${current} />
    <${Loaded} found=${found}>
      ${(pipeline) => html`
        ${pipeline.problem && html`<${Banner} tone="bad"><p>Dagster can't load this pipeline, so nothing starts it: ${pipeline.problem}</p></${Banner}>`}
        <${content} key=${`${tab}/${part}`} pipeline=${pipeline} part=${part} reload=${found.reload} />
      `}
    </${Loaded}>
  </${Page}>`;
}

function Actions({ pipeline, reload }) {
  async function drop() {
    const sure = await confirm({
      title: `Delete ${pipeline.name}?`,
      text: "Its schedule, scripts and history here go. What it loaded stays in the warehouse.",
      yes: "Delete the pipeline",
      danger: true,
    });
    if (!sure) return;
    await remove(`/api/pipelines/${pipeline.id}`);
    say(`${pipeline.name} is deleted`);
    go("/console/pipelines");
  }
  return html`
    ${may("editor") &&
    html`
      <${Button} kind="main" act=${() => startRun(pipeline, "trigger")}>Run now</${Button}>
      ${pipeline.schedule &&
      html`<${Button} act=${() => toggle(pipeline).then(reload)}>${pipeline.status === "active" ? "Pause" : "Resume"}</${Button}>`}
      <${Button} act=${() => fullRefresh(pipeline)}>Full refresh</${Button}>
      <${Button} act=${() => backfill(pipeline)}>Backfill</${Button}>
      <${Button} kind="danger" act=${drop}>Delete</${Button}>
    `}
    <${External} href=${pipeline.dagster_url}>Open in Dagster</${External}>
  `;
}
