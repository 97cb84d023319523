// The page's address. Owns navigation without reloading, and the query that filters are kept in.
import { store } from "./store.js";

const HOME = "/";
const INSIDE = "/console/";

function here() {
  const { pathname, search } = location;
  return { path: pathname, query: Object.fromEntries(new URLSearchParams(search)) };
}

export const address = store(here());
addEventListener("popstate", () => address.set(here()));

/** Go to a page of the console. */
export function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  const before = address.get().path;
  address.set(here());
  if (before !== address.get().path) scrollTo(0, 0);
}

/** Change some parameters of the query; an empty one is taken out. */
export function ask(changes) {
  const query = new URLSearchParams({ ...address.get().query, ...changes });
  for (const [key, value] of [...query]) if (value === "") query.delete(key);
  go(`${location.pathname}${query.size ? `?${query}` : ""}`, { replace: true });
}

// A plain click on a link of ours stays on the page; with a modifier it is the browser's.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.hash) return;
  if (url.pathname !== HOME && !url.pathname.startsWith(INSIDE)) return;
  event.preventDefault();
  go(url.pathname + url.search);
});
