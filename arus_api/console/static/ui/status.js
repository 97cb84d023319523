// A state as a mark: a drawing, a colour and always the word.
import { html } from "../lib/html.js";
import { words } from "../lib/format.js";
import { Icon } from "./icon.js";

const LOOKS = {
  success: ["good", "success"],
  passed: ["good", "success"],
  connected: ["good", "success"],
  active: ["good", "success"],
  running: ["busy", "running"],
  working: ["busy", "running"],
  pending: ["calm", "pending"],
  waiting: ["calm", "pending"],
  registered: ["calm", "idle"],
  failed: ["bad", "failed"],
  error: ["bad", "failed"],
  paused: ["warn", "paused"],
  denied: ["bad", "failed"],
  cancelled: ["warn", "cancelled"],
  skipped: ["calm", "skipped"],
  external: ["calm", "sources"],
};
const LABELS = { registered: "not tested", error: "failed" };

/** @param value a status of the API; `label` replaces its word. */
export function Status({ value, label }) {
  const [tone, icon] = LOOKS[value] ?? ["calm", "idle"];
  return html`<span class=${`status ${tone}`}
    ><${Icon} name=${icon} />${label ?? LABELS[value] ?? words(value)}</span
  >`;
}
