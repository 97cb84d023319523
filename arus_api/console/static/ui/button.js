// Buttons that do something over the network: busy while it lasts, with its failure shown.
import { html, useState } from "../lib/html.js";
import { complain } from "./notice.js";

/**
 * @param act does it; what it raises is shown as a notice.
 * @param kind "main", "danger" or nothing.
 */
export function Button({ act, kind = "", children, disabled = false, ...rest }) {
  const [busy, setBusy] = useState(false);
  async function press() {
    if (busy) return;
    setBusy(true);
    try {
      await act();
    } catch (error) {
      complain(error);
    } finally {
      setBusy(false);
    }
  }
  // Not disabled while busy: a button that vanishes from the keyboard's path loses the focus.
  return html`<button
    type="button"
    class=${`button ${kind}`}
    disabled=${disabled}
    aria-busy=${busy ? "true" : undefined}
    onClick=${press}
    ...${rest}
  >
    ${children}
  </button>`;
}
