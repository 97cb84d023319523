// What a pipeline can be told to do. A run that is active already is shown instead of an error.
import { go } from "../lib/address.js";
import { post } from "../lib/api.js";
import { html } from "../lib/html.js";
import { confirm, show } from "./dialog.js";
import { Form } from "./form.js";
import { say } from "./notice.js";

/** @param action `trigger`, `full-refresh` or `backfill`; goes to the run's page. */
export async function startRun(pipeline, action, body) {
  try {
    const { run_id } = await post(`/api/pipelines/${pipeline.id}/${action}`, body);
    go(`/console/runs/${run_id}`);
  } catch (error) {
    const active = error.status === 409 && error.details?.run_id;
    if (!active) throw error;
    say("A run of this pipeline is active already: this is it");
    go(`/console/runs/${active}`);
  }
}

/** Pause an active pipeline, resume a paused one. */
export async function toggle(pipeline) {
  const action = pipeline.status === "active" ? "pause" : "resume";
  await post(`/api/pipelines/${pipeline.id}/${action}`);
  say(action === "pause" ? `${pipeline.name} is paused: its schedule starts nothing` : `${pipeline.name} runs on its schedule again`);
}

export async function fullRefresh(pipeline) {
  const sure = await confirm({
    title: `Reload ${pipeline.name} whole?`,
    text: "The watermarks are forgotten and every row is read again. Readers of the warehouse see the old rows until the new ones are there.",
    yes: "Start the full refresh",
  });
  if (sure) await startRun(pipeline, "full-refresh");
}

const DATES = [
  { name: "from_date", label: "From", type: "date", required: true },
  { name: "to_date", label: "To", type: "date", help: "Left empty: up to now." },
];

export async function backfill(pipeline) {
  await show(
    `Backfill ${pipeline.name}`,
    (close) => html`
      <p>Every row from this day on is read again and merged. Watermarks stay; tables without one are reloaded whole.</p>
      <${Form}
        label="Backfill"
        fields=${DATES}
        submit="Start the backfill"
        send=${(body) => startRun(pipeline, "backfill", body)}
        done=${() => close(true)}
        cancel=${() => close(false)}
      />
    `,
  );
}
