// The one form. Owns what was typed, the sending, and where an error of the API is shown: at the
// field it names, or above the form. The focus goes to the first of them.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { Field, shownOf, valueOf } from "./field.js";

let forms = 0;

/**
 * @param fields `{name, label, type, help, required, options, when(values), ...}`, or
 *   `{legend, fields, note}` for a group. Names may be dotted paths.
 * @param value what is there already; only what differs from it is sent when `partial`.
 * @param send given the body; what it raises is shown.
 * @param done given what `send` returned.
 */
export function Form({ fields, value = {}, partial = false, submit, send, done, cancel, label }) {
  const [id] = useState(() => `form-${(forms += 1)}`);
  const [shown, setShown] = useState({});
  const [problem, setProblem] = useState(null);
  const [raised, setRaised] = useState(0);
  const [busy, setBusy] = useState(false);
  const element = useRef(null);

  const flat = fields.flatMap((field) => field.fields ?? [field]);
  const textOf = (field) => shown[field.name] ?? shownOf(field, at(value, field.name) ?? field.initial);
  const values = Object.fromEntries(flat.map((field) => [field.name, textOf(field)]));
  const visible = (field) => !field.when || field.when(values);
  const errors = placed(problem, flat.filter(visible));

  useEffect(() => {
    if (!raised) return;
    (element.current.querySelector("[aria-invalid]") ?? element.current.querySelector("[role=alert]"))?.focus();
  }, [raised]);

  // The focus moves when a problem comes up, not while somebody mends it.
  function raise(found) {
    setProblem(found);
    setRaised((count) => count + 1);
  }

  function missing() {
    const empty = flat.filter((field) => field.required && visible(field) && textOf(field) === "");
    return empty.map((field) => ({ field: field.name, message: `${field.label} is needed` }));
  }

  async function submitted(event) {
    event.preventDefault();
    if (busy) return;
    const absent = missing();
    if (absent.length) return raise({ message: "Something is missing.", fields: absent });
    setBusy(true);
    setProblem(null);
    try {
      const answer = await send(body(flat.filter(visible), textOf, partial ? value : null), values);
      done?.(answer);
    } catch (error) {
      raise({ message: error.message, fields: error.fields ?? [] });
    } finally {
      setBusy(false);
    }
  }

  // What was wrong with a value says nothing of the next one.
  function changed(field, next) {
    setShown((old) => ({ ...old, [field.name]: next }));
    setProblem((old) => {
      const left = old?.fields.filter(({ field: path }) => !within(path, field)) ?? [];
      if (!old || left.length === old.fields.length) return old;
      return left.length ? { ...old, fields: left } : null;
    });
  }

  const one = (field) =>
    visible(field) &&
    html`<${Field}
      key=${field.key ?? field.name}
      field=${field}
      id=${`${id}-${field.name}`}
      shown=${textOf(field)}
      values=${values}
      error=${errors.at[field.name]}
      onChange=${(next) => changed(field, next)}
    />`;

  return html`<form ref=${element} class="form" novalidate aria-label=${label} onSubmit=${submitted}>
    ${errors.above &&
    html`<div class="banner bad" role="alert" tabindex="-1"><p>${errors.above}</p></div>`}
    ${fields.map((field) => (field.fields ? html`<${Group} key=${field.legend} group=${field} one=${one} errors=${errors} />` : one(field)))}
    <div class="actions span">
      <button type="submit" class="button main" aria-busy=${busy ? "true" : undefined}>${submit}</button>
      ${cancel && html`<button type="button" class="button" onClick=${cancel}>Cancel</button>`}
    </div>
  </form>`;
}

function Group({ group, one, errors }) {
  const faulty = group.fields.some((field) => errors.at[field.name]);
  const inside = html`${group.note && html`<p class="help span">${group.note}</p>`}${group.fields.map(one)}`;
  if (!group.folded) return html`<fieldset><legend>${group.legend}</legend>${inside}</fieldset>`;
  return html`<details class="span" open=${faulty || undefined}>
    <summary>${group.legend}</summary>
    <div class="form-grid">${inside}</div>
  </details>`;
}

/** Whether a message is about a field, or a part of it such as `table_include.0`. */
function within(path, { name }) {
  return path === name || path.startsWith(`${name}.`);
}

function at(value, path) {
  return path.split(".").reduce((part, name) => part?.[name], value);
}

/** The body to send: nested by the dots in names, without what is undefined or has not changed. */
function body(fields, textOf, before) {
  const result = {};
  for (const field of fields) {
    const value = valueOf(field, textOf(field));
    if (value === undefined || field.local) continue;
    if (before && textOf(field) === shownOf(field, at(before, field.name))) continue;
    const path = field.name.split(".");
    const last = path.pop();
    const parent = path.reduce((part, name) => (part[name] ??= {}), result);
    parent[last] = value;
  }
  return result;
}

/** Which message stands at which field; those of no visible field stand above the form. */
function placed(problem, fields) {
  if (!problem) return { at: {}, above: null };
  const at = {};
  const rest = [];
  for (const { field: path, message } of problem.fields) {
    const field = fields.find((one) => within(path, one));
    if (field) at[field.name] = at[field.name] ? `${at[field.name]} ${message}` : message;
    else rest.push(`${path}: ${message}`);
  }
  const shown = problem.fields.length > 0 && rest.length === 0;
  return { at, above: shown ? null : [problem.message, ...rest].join(" ") };
}
