// One field of a form: its label, its control, its help and its error, tied together for screen
// readers. What a control holds as text is turned into the API's value by `valueOf`.
import { html } from "../lib/html.js";

/** The text, or flag, that a control shows for a value of the API. */
export function shownOf(field, value) {
  if (field.type === "checkbox") return value === true;
  if (field.type === "list") return (value ?? []).join("\n");
  return value === null || value === undefined ? "" : String(value);
}

/** The API's value for what stands in a control; undefined where nothing is to be sent. */
export function valueOf(field, shown) {
  if (field.type === "checkbox") return shown;
  if (field.type === "list") return shown.split("\n").map((line) => line.trim()).filter(Boolean);
  if (shown === "") return field.blank; // null where that means something, else left out
  // What is no number goes as it stands: the API names the field in its answer.
  if (field.type === "number") return Number.isFinite(Number(shown)) ? Number(shown) : shown;
  return shown;
}

export function Field({ field, id, shown, values, error, onChange }) {
  const { label, type = "text", required } = field;
  const help = typeof field.help === "function" ? field.help(values) : field.help;
  const notes = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  const shared = {
    id,
    name: field.name,
    "aria-describedby": notes || undefined,
    "aria-invalid": error ? "true" : undefined,
    "aria-required": required ? "true" : undefined,
  };
  const foot = html`
    ${help && html`<p class="help" id=${`${id}-help`}>${help}</p>`}
    ${error && html`<p class="error" id=${`${id}-error`}>${error}</p>`}
  `;
  if (type === "checkbox") {
    return html`<div class="field check">
      <label
        ><input type="checkbox" ...${shared} checked=${shown} onChange=${(e) => onChange(e.target.checked)} />
        ${label}</label
      >
      ${foot}
    </div>`;
  }
  return html`<div class=${`field ${field.span ? "span" : ""}`}>
    <label for=${id}>${label}${!required && html` <span class="optional">optional</span>`}</label>
    ${control(field, type, shared, shown, onChange)} ${foot}
  </div>`;
}

function control(field, type, shared, shown, onChange) {
  const typed = (event) => onChange(event.target.value);
  if (type === "select") {
    return html`<select ...${shared} value=${shown} onChange=${typed}>
      ${field.options.map(
        ([value, label]) => html`<option key=${value} value=${value} selected=${value === shown}>${label}</option>`,
      )}
    </select>`;
  }
  if (type === "list" || type === "textarea" || type === "code") {
    return html`<textarea
      ...${shared}
      class=${type === "code" ? "code" : ""}
      rows=${field.rows ?? 3}
      spellcheck=${type === "textarea"}
      value=${shown}
      onInput=${typed}
    ></textarea>`;
  }
  return html`<input
      ...${shared}
      type=${type === "number" ? "text" : type}
      inputmode=${type === "number" ? "numeric" : undefined}
      autocomplete=${field.autocomplete ?? "off"}
      placeholder=${field.placeholder}
      list=${field.choices ? `${shared.id}-choices` : undefined}
      value=${shown}
      onInput=${typed}
    />${field.choices &&
    html`<datalist id=${`${shared.id}-choices`}>
      ${field.choices.map((choice) => html`<option key=${choice} value=${choice} />`)}
    </datalist>`}`;
}
