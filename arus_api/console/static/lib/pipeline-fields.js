// The fields of a pipeline's form, new or stored.
import { html } from "./html.js";
import { inWords, PRESETS } from "./cron.js";

const INHERIT = "Left empty: the installation's setting.";
const LOADS = [
  ["direct", "directly into the target"],
  ["raw", "as raw rows first, then into the target"],
];

/**
 * @param others pipelines that this one can wait for.
 * @param destinations those to choose from; the first is chosen for a new pipeline.
 */
export function pipelineFields({ stored, others, destinations }) {
  return [
    { name: "name", label: "Name", required: true },
    {
      name: "destination_id",
      label: "Destination",
      type: "select",
      required: true,
      options: destinations.map(({ id, name }) => [id, name]),
      initial: destinations[0]?.id,
    },
    {
      name: "schedule",
      label: "Schedule",
      blank: null,
      initial: stored ? undefined : "*/5 * * * *",
      choices: PRESETS.map(([expression]) => expression),
      help: (values) => html`<${Words} expression=${values.schedule} />`,
    },
    { name: "timezone", label: "Time zone", blank: stored ? null : undefined, placeholder: "UTC", help: `A name such as Asia/Jakarta. ${INHERIT}` },
    {
      name: "depends_on",
      label: "Waits for",
      type: "select",
      blank: null,
      options: [["", "no other pipeline"], ...others.map(({ id, name }) => [id, name])],
      help: "Its scheduled run is skipped unless that pipeline's latest run succeeded. Without a schedule of its own it runs right after it.",
    },
    { name: "description", label: "Description", type: "textarea", rows: 2, span: true, blank: stored ? null : undefined },
    {
      legend: "Loading and retries",
      folded: true,
      fields: [
        { name: "load_mode", label: "Rows are loaded", type: "select", options: LOADS, initial: "direct", required: true, help: "Raw rows are kept as JSON for some runs, to look at." },
        { name: "target_schema", label: "Schema of the targets", help: "Left empty: the destination's." },
        { name: "parallel_tables", label: "Tables at the same time", type: "number", initial: 1 },
        { name: "max_retries", label: "Further attempts", type: "number", blank: stored ? null : undefined, help: INHERIT },
        { name: "initial_backoff", label: "Seconds before the first", type: "number", blank: stored ? null : undefined, help: INHERIT },
        { name: "timeout_seconds", label: "Seconds after which a run is stopped", type: "number", blank: stored ? null : undefined, help: INHERIT },
      ],
    },
  ];
}

function Words({ expression }) {
  const shown = expression.trim();
  if (shown === "") return "No schedule of its own.";
  const words = inWords(shown);
  return html`<span aria-live="polite">${words ? `${words}.` : "A cron expression: minute, hour, day of the month, month, day of the week."}</span>`;
}

/** A stored pipeline as the form's value: what it inherits is shown as empty. */
export function pipelineValue(pipeline) {
  const value = { ...pipeline };
  for (const name of pipeline.inherited) value[name] = null;
  return value;
}
