// How one table of a pipeline is synced.
import { go } from "../../lib/address.js";
import { put } from "../../lib/api.js";
import { html } from "../../lib/html.js";
import { number } from "../../lib/format.js";
import { Button } from "../../ui/button.js";
import { confirm } from "../../ui/dialog.js";
import { Form } from "../../ui/form.js";
import { say } from "../../ui/notice.js";
import { Banner, Facts, Section, When } from "../../ui/page.js";

const FIELDS = [
  { name: "enabled", label: "Sync this table", type: "checkbox" },
  {
    name: "sync_mode",
    label: "Sync",
    type: "select",
    required: true,
    options: [["incremental", "what has changed since the last run"], ["full_refresh", "the whole table each time"]],
  },
  {
    name: "load_mode",
    label: "Load",
    type: "select",
    required: true,
    options: [["direct", "directly into the target"], ["raw", "as raw rows first, then into the target"]],
  },
  { name: "watermark_column", label: "Watermark column", blank: null, help: "A column that grows with every change, such as updated_at." },
  { name: "lookback_seconds", label: "Look back", type: "number", blank: null, help: "Seconds to read again behind the watermark, for late commits. Left empty: the installation's setting." },
  { name: "primary_key", label: "Key", type: "list", help: "Columns that identify a row, one a line. Only needed for views and tables without a key." },
  { name: "row_filter", label: "Only rows where", type: "code", rows: 2, blank: null, span: true, help: "A condition in the source's own SQL, as after WHERE." },
  {
    legend: "Deleted rows",
    folded: true,
    fields: [
      { name: "soft_delete_column", label: "Column that marks deleted rows", blank: null, help: "Such as deleted_at." },
      {
        name: "soft_delete",
        label: "Rows marked as deleted",
        type: "select",
        required: true,
        options: [["remove", "are removed from the target"], ["keep", "stay in the target"]],
      },
      {
        name: "delete_detection",
        label: "Rows that are gone from the source",
        type: "select",
        required: true,
        options: [["none", "stay until the next full refresh"], ["keys", "are found by comparing keys at each run"]],
      },
    ],
  },
  { name: "tinyint1_as_bool", label: "Read MySQL's tinyint(1) as true or false", type: "checkbox" },
];

/** @param part the table's id. */
export function EditTable({ pipeline, part, reload }) {
  const table = pipeline.tables.find((one) => one.id === part);
  const base = `/console/pipelines/${pipeline.id}`;
  if (!table) return html`<${Banner} tone="warn">This table is no longer part of the pipeline.</${Banner}>`;
  // The API takes all tables at once; of the others it is told nothing, so they stay.
  const others = (change) =>
    pipeline.tables.map((one) => ({ name: one.name, schema: one.schema, ...(one.id === part ? change : {}) }));
  const send = (body) =>
    put(`/api/pipelines/${pipeline.id}`, { tables: others(body) }).catch((error) => {
      // "tables.3.row_filter" is this form's "row_filter".
      error.fields = error.fields?.map((problem) => ({ ...problem, field: problem.field.replace(/^tables\.\d+\./, "") }));
      throw error;
    });
  async function drop() {
    const sure = await confirm({
      title: `Take ${table.name} out?`,
      text: "The pipeline no longer syncs it. What was loaded stays in the warehouse.",
      yes: "Take it out",
      danger: true,
    });
    if (!sure) return;
    const rest = pipeline.tables.filter((one) => one.id !== part).map(({ name, schema }) => ({ name, schema }));
    await put(`/api/pipelines/${pipeline.id}`, { tables: rest });
    left(`${table.name} is taken out`);
  }
  function left(text) {
    say(text);
    reload();
    go(base);
  }
  const title = `${table.schema}.${table.name}`;
  return html`<${Section} title=${title} actions=${html`<${Button} kind="danger" act=${drop}>Take out</${Button}>`}>
    <${Facts}
      entries=${[
        ["Target", `${table.target_schema}.${table.target_table}`],
        ["Rows", number(table.row_count)],
        ["Synced up to", table.watermark_value],
        ["Last synced", html`<${When} at=${table.last_synced_at} none="never" />`],
      ]}
    />
    <${Form}
      label=${`Options of ${title}`}
      fields=${FIELDS}
      value=${table}
      partial
      submit="Save"
      send=${send}
      done=${() => left("Saved; it holds from the next run on")}
      cancel=${() => go(base)}
    />
  </${Section}>`;
}
