// Differences between the source's columns then and now.
import { html } from "../../lib/html.js";
import { words } from "../../lib/format.js";
import { Empty, Section, When } from "../../ui/page.js";
import { Table } from "../../ui/table.js";

const COLUMNS = [
  { label: "Table", cell: (drift) => drift.table_name, wide: true },
  { label: "Kind", cell: (drift) => words(drift.kind) },
  { label: "Column", cell: (drift) => drift.column ?? "–" },
  { label: "Before", cell: (drift) => drift.before ?? "–", wide: true },
  { label: "After", cell: (drift) => drift.after ?? "–", wide: true },
  { label: "What it means", cell: (drift) => drift.message, wide: true },
  {
    label: "Found",
    cell: (drift) => html`<a href=${`/console/runs/${drift.run_id}`}><${When} at=${drift.detected_at} /></a>`,
  },
];

export function Drift({ pipeline }) {
  const empty = html`<${Empty} title="No drift">
    <p>The source's columns are as they were when they were first synced.</p>
  </${Empty}>`;
  return html`<${Section} title="Drift">
    <${Table}
      caption="Changes of the source's columns, newest first"
      columns=${COLUMNS}
      rows=${pipeline.drifts}
      id=${(drift) => `${drift.run_id} ${drift.table_name} ${drift.kind} ${drift.column}`}
      empty=${empty}
    />
  </${Section}>`;
}
