// Where one is in a long list; the place is kept in the address.
import { ask } from "../lib/address.js";
import { html } from "../lib/html.js";
import { number } from "../lib/format.js";

export const SIZE = 25;

/** The `limit` and `offset` of the page that the query names. */
export function place(query) {
  const page = Math.max(1, Number.parseInt(query.page, 10) || 1);
  return `limit=${SIZE}&offset=${(page - 1) * SIZE}`;
}

export function Paging({ meta }) {
  if (!meta || meta.total <= meta.limit) return null;
  const page = Math.floor(meta.offset / meta.limit) + 1;
  const last = Math.ceil(meta.total / meta.limit);
  const turn = (to) => () => ask({ page: to === 1 ? "" : String(to) });
  return html`<nav class="paging" aria-label="Pages of the list">
    <button type="button" class="button" disabled=${page <= 1} onClick=${turn(page - 1)}>Newer</button>
    <span>Page ${number(page)} of ${number(last)}, ${number(meta.total)} in all</span>
    <button type="button" class="button" disabled=${page >= last} onClick=${turn(page + 1)}>Older</button>
  </nav>`;
}
