// The one table. Wide: columns. Narrow: each row a card whose cells carry their column's name; the
// roles are spelled out because the changed display would take them from screen readers.
import { html } from "../lib/html.js";

/**
 * @param caption what the table holds; for screen readers, unless `titled` shows it.
 * @param columns `{label, cell(row), end, wide}`: `end` aligns numbers, `wide` may wrap. The first
 *   names the row.
 * @param id gives a row's key.
 * @param empty what stands there instead of no rows.
 */
export function Table({ caption, titled = false, columns, rows, id, empty, mark }) {
  if (rows.length === 0) return empty ?? html`<p class="muted">Nothing here.</p>`;
  return html`<div class="table-frame">
    <table role="table">
      <caption class=${titled ? "" : "unseen"}>${caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(
            ({ label, end }) => html`<th role="columnheader" scope="col" class=${end ? "end" : ""}>${label}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) => html`<tr role="row" key=${id(row)} class=${mark?.(row) ?? ""}>
            ${columns.map((column, place) => cell(column, place, row))}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function cell({ label, cell: content, end, wide }, place, row) {
  const look = [end && "end", wide && "wide"].filter(Boolean).join(" ");
  return place === 0
    ? html`<th role="rowheader" scope="row" class=${look}>${content(row)}</th>`
    : html`<td role="cell" class=${look} data-label=${label}>${content(row)}</td>`;
}
