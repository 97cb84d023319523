// What holds for the whole installation, for admins. Names and meanings come from the API's own
// description, so that a setting which the API gets stands here without a change of this page.
import { put } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { useLoad } from "../lib/load.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Loaded, Page } from "../ui/page.js";

const GROUPS = [
  ["New pipelines", ["pipeline_name_prefix", "default_schedule", "timezone"]],
  ["Runs", ["max_retries", "initial_backoff", "timeout_seconds", "lookback_seconds"]],
  ["Changes of columns", ["auto_alter_schema", "schema_drift_detection", "drift_backfill"]],
  ["Quality and rejected rows", ["quality_check_threshold", "dead_letter_limit", "dead_letter_share"]],
  ["How long things are kept", ["raw_retention_runs", "raw_retention_days", "result_retention_days", "audit_retention_days"]],
];

const FLAG = ["true", "false"];
const titled = (key) => key.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

function useMeanings() {
  const [meanings, setMeanings] = useState({});
  useEffect(() => {
    // Without it the settings still have their names, so a failure takes nothing away but the help.
    fetch("/openapi.json")
      .then((answer) => answer.json())
      .then((description) => setMeanings(description.components.schemas.SettingsAnswer.properties.data.properties))
      .catch(() => setMeanings({}));
  }, []);
  return meanings;
}

function groupsOf(keys) {
  const known = new Set(GROUPS.flatMap(([, names]) => names));
  const notify = keys.filter((key) => key.startsWith("notify_"));
  const rest = keys.filter((key) => !known.has(key) && !notify.includes(key));
  return [...GROUPS, ["Notifications", notify], ["Others", rest]]
    .map(([legend, names]) => [legend, names.filter((name) => keys.includes(name))])
    .filter(([, names]) => names.length > 0);
}

function fields(values, meanings) {
  return groupsOf(Object.keys(values)).map(([legend, names]) => ({
    legend,
    fields: names.map((name) => ({
      name,
      label: titled(name),
      type: FLAG.includes(values[name]) ? "checkbox" : "text",
      help: meanings[name]?.description?.replaceAll("`", ""),
      blank: "",
      required: !FLAG.includes(values[name]) && name !== "pipeline_name_prefix",
    })),
  }));
}

const parsed = (values) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, FLAG.includes(value) ? value === "true" : value]));
const strings = (body) => Object.fromEntries(Object.entries(body).map(([key, value]) => [key, String(value)]));

export function Settings() {
  const found = useLoad("/api/settings");
  const meanings = useMeanings();
  const [saves, setSaves] = useState(0);
  function saved() {
    say("Saved");
    setSaves(saves + 1);
    found.reload();
  }
  return html`<${Page} title="Settings" lead="What holds for the whole installation. A pipeline may say otherwise for itself.">
    <${Loaded} found=${found}>
      ${(values) => html`<section class="card">
        <${Form}
          key=${saves}
          label="Settings"
          fields=${fields(values, meanings)}
          value=${parsed(values)}
          partial
          submit="Save"
          send=${(body) => put("/api/settings", strings(body))}
          done=${saved}
        />
      </section>`}
    </${Loaded}>
  </${Page}>`;
}
