// A filter: one value out of some, kept in the address.
import { ask } from "../lib/address.js";
import { html } from "../lib/html.js";

/** @param name the parameter of the query; `any` is what stands there while it is not given. */
export function Filter({ label, name, any, options, query }) {
  const set = (value) => ask({ [name]: value, page: "" });
  return html`<${Choice} label=${label} value=${query[name] ?? ""} options=${[["", any], ...options]} set=${set} />`;
}

/** @param options `[value, text]`. */
export function Choice({ label, value, options, set }) {
  return html`<label class="inline"
    >${label}
    <select value=${value} onChange=${(event) => set(event.target.value)}>
      ${options.map(
        ([code, text]) => html`<option key=${code} value=${code} selected=${code === value}>${text}</option>`,
      )}
    </select></label
  >`;
}
