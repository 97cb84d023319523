// Short messages about what was just done. Read out by screen readers; failures stay until closed,
// or the page is left that they are about.
import { address } from "../lib/address.js";
import { html, useEffect } from "../lib/html.js";
import { store } from "../lib/store.js";
import { Icon } from "./icon.js";

const SECONDS = 6;
const notices = store([]);
let count = 0;

function add(kind, text) {
  count += 1;
  // The same message again replaces its old copy: a list of equal lines says nothing more.
  notices.set([...notices.get().filter((other) => other.text !== text), { id: count, kind, text }].slice(-4));
}

export const say = (text) => add("good", text);
export const complain = (error) => add("bad", error.message ?? String(error));

function close(id) {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

let page = address.get().path;
address.listen(({ path }) => {
  if (path === page) return;
  page = path;
  notices.set(notices.get().filter(({ kind }) => kind !== "bad"));
});

function Notice({ id, kind, text }) {
  useEffect(() => {
    if (kind === "bad") return undefined;
    const timer = setTimeout(() => close(id), SECONDS * 1000);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class=${`notice ${kind}`} role=${kind === "bad" ? "alert" : undefined}>
    <${Icon} name=${kind === "bad" ? "warning" : "success"} />
    <p>${text}</p>
    <button type="button" class="bare" aria-label="Close this message" onClick=${() => close(id)}>
      <${Icon} name="failed" />
    </button>
  </div>`;
}

export function Notices() {
  return html`<div class="notices" role="status">
    ${notices.use().map((notice) => html`<${Notice} key=${notice.id} ...${notice} />`)}
  </div>`;
}
