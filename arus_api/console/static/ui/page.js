// What every page has: its heading, the way back, its actions, and its states while data is not there.
import { html, useEffect } from "../lib/html.js";
import { ago, time } from "../lib/format.js";
import { Icon } from "./icon.js";

/**
 * @param part what the page shows of the thing that the title names.
 * @param back `[href, label]` of the page above.
 * @param actions the buttons at the heading's side.
 */
export function Page({ title, part, back, lead, actions, children }) {
  useEffect(() => {
    document.title = `${title}${part ? `: ${part}` : ""} · Arus`;
  }, [title, part]);
  return html`
    <header class="page-head">
      <div>
        ${back && html`<nav aria-label="Breadcrumb"><a href=${back[0]}>${back[1]}</a></nav>`}
        <h1 tabindex="-1">${title}${part && html`<span class="unseen">: ${part}</span>`}</h1>
        ${lead && html`<p class="lead">${lead}</p>`}
      </div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </header>
    ${children}
  `;
}

/** What was loaded, or why not yet: the `found` of `useLoad`, and what to show of its data. */
export function Loaded({ found, children }) {
  if (found.loading) return html`<p class="muted loading" role="status">Loading…</p>`;
  if (found.data === undefined) return html`<${Failure} error=${found.error} again=${found.reload} />`;
  return html`${found.error && html`<${Failure} error=${found.error} again=${found.reload} stale />`}
  ${children(found.data, found.meta)}`;
}

function Failure({ error, again, stale = false }) {
  return html`<div class="banner bad" role="alert">
    <${Icon} name="warning" />
    <p>
      ${error.message}${stale && " What is shown here may be out of date."}
      ${error.requestId && html` <small>Request ${error.requestId}</small>`}
    </p>
    <button type="button" class="button" onClick=${again}>Try again</button>
  </div>`;
}

/** A message that stands on the page: `tone` is good, warn, bad or calm. */
export function Banner({ tone = "calm", children }) {
  return html`<div class=${`banner ${tone}`}>
    <${Icon} name=${tone === "calm" ? "info" : "warning"} />
    <div>${children}</div>
  </div>`;
}

/** What to do where there is nothing yet. */
export function Empty({ title, children }) {
  return html`<div class="empty">
    <p><strong>${title}</strong></p>
    ${children}
  </div>`;
}

export function Section({ title, actions, children }) {
  const id = `section-${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
  return html`<section class="card" aria-labelledby=${id}>
    <div class="card-head">
      <h2 id=${id}>${title}</h2>
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>
    ${children}
  </section>`;
}

/** Names and values: `entries` are `[name, value]`; those without a value are left out. */
export function Facts({ entries }) {
  return html`<dl class="facts">
    ${entries
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** A moment as "3 min ago", with the time itself behind it. */
export function When({ at, none = "–" }) {
  return at ? html`<time datetime=${at} title=${time(at)}>${ago(at)}</time>` : none;
}

/** A link out of the console. Only web addresses become links. */
export function External({ href, children }) {
  if (!/^https?:\/\//.test(href ?? "")) return null;
  return html`<a class="away" href=${href} target="_blank" rel="noopener noreferrer">
    ${children}<${Icon} name="external" /><span class="unseen"> (opens in a new tab)</span>
  </a>`;
}

/** Links between the pages of one thing: `items` are `[href, label]`. */
export function Tabs({ label, items, current }) {
  return html`<nav class="tabs" aria-label=${label}>
    ${items.map(
      ([href, name]) =>
        html`<a key=${href} href=${href} aria-current=${href === current ? "page" : undefined}>${name}</a>`,
    )}
  </nav>`;
}
