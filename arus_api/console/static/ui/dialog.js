// Questions before something that can't be undone, and short forms, on top of the page. The
// browser's own dialog element keeps the focus inside, closes on Escape and gives the focus back.
import { html, useEffect, useRef } from "../lib/html.js";
import { store } from "../lib/store.js";

const open = store(null);

/**
 * Ask for a yes.
 *
 * @param danger whether the answer takes something away.
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, yes, danger = false }) {
  return show(
    title,
    (close) => html`
      <p>${text}</p>
      <div class="actions">
        <button type="button" class=${`button ${danger ? "danger" : "main"}`} onClick=${() => close(true)}>
          ${yes}
        </button>
        <button type="button" class="button" onClick=${() => close(false)}>Leave it</button>
      </div>
    `,
  );
}

/**
 * Show a dialog.
 *
 * @param content given `close(result)`, returns what is inside.
 * @returns {Promise} of the result; false where the dialog was left.
 */
export function show(title, content) {
  return new Promise((resolve) => {
    open.set({ title, content, resolve });
  });
}

function Dialog({ title, content, resolve }) {
  const element = useRef(null);
  const answer = useRef(false);
  useEffect(() => element.current.showModal(), []);
  function close(result) {
    answer.current = result;
    element.current.close();
  }
  function closed() {
    open.set(null);
    resolve(answer.current);
  }
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onClose=${closed}>
    <h2 id="dialog-title">${title}</h2>
    ${content(close)}
  </dialog>`;
}

export function Dialogs() {
  const shown = open.use();
  return shown && html`<${Dialog} ...${shown} />`;
}
