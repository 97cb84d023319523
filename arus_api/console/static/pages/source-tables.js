// Which of a source's tables are synced. Saving makes or changes the source's pipeline.
import { go } from "../lib/address.js";
import { put } from "../lib/api.js";
import { useDiscovery } from "../lib/discovery.js";
import { html, useEffect, useState } from "../lib/html.js";
import { useLoad } from "../lib/load.js";
import { Button } from "../ui/button.js";
import { say } from "../ui/notice.js";
import { Banner, Page } from "../ui/page.js";
import { choicesOf, selection, TablePicker } from "../ui/table-picker.js";

export function SourceTables({ id }) {
  const source = useLoad(`/api/sources/${id}`);
  const destinations = useLoad("/api/destinations?limit=500");
  const discovery = useDiscovery(id);
  const [choices, setChoices] = useState(null);
  const target = destinations.data?.find((destination) => destination.is_default);
  const pipeline = discovery.pipelines?.find((one) => one.destination_id === target?.id);

  useEffect(() => {
    // Only once both are there: what is chosen is that pipeline's, where there is one.
    if (discovery.tables && destinations.data) setChoices(choicesOf(discovery.tables, pipeline?.tables ?? null));
  }, [discovery.tables, destinations.data]);

  async function save() {
    const { pipeline_id, pipeline_name } = await put(`/api/sources/${id}/tables`, {
      tables: selection(discovery.tables, choices),
    });
    say(`${pipeline_name} now syncs the chosen tables`);
    go(`/console/pipelines/${pipeline_id}`);
  }
  const actions = html`<${Button} act=${async () => discovery.again()}>Discover again</${Button}>`;
  return html`<${Page}
    title="Choose tables"
    back=${[`/console/sources/${id}`, source.data?.name ?? "Source"]}
    lead="What was found in the source, and how each table is best kept up to date."
    actions=${actions}
  >
    ${discovery.error && html`<${Banner} tone="bad"><p class="pre">${discovery.error.message}</p></${Banner}>`}
    ${destinations.data && !target && html`<${NoTarget} some=${destinations.data.length > 0} />`}
    ${!discovery.tables && !discovery.error && html`<p class="muted loading" role="status">Looking at the source's tables…</p>`}
    ${discovery.tables &&
    choices &&
    html`<section class="card">
      <${TablePicker} discovered=${discovery.tables} choices=${choices} change=${setChoices} />
      <div class="actions foot">
        <${Button} kind="main" act=${save} disabled=${!target}>
          ${pipeline ? `Save to ${pipeline.name}` : "Save and make the pipeline"}
        </${Button}>
        ${target && html`<span class="muted">Rows go to ${target.name}.</span>`}
      </div>
    </section>`}
  </${Page}>`;
}

function NoTarget({ some }) {
  return html`<${Banner} tone="warn">
    <p>
      ${some ? "No destination is the default one, which new pipelines write to." : "There is no destination yet, so nothing can be loaded."}
      ${" "}<a href=${some ? "/console/destinations" : "/console/destinations/new"}
        >${some ? "Choose the default destination" : "Add a destination"}</a
      >
    </p>
  </${Banner}>`;
}
