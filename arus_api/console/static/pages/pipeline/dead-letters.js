// Rows that could not be carried over: why, what they hold, and what is to become of them.
import { address, go } from "../../lib/address.js";
import { post, remove } from "../../lib/api.js";
import { html, useState } from "../../lib/html.js";
import { plural, time, words } from "../../lib/format.js";
import { useLoad } from "../../lib/load.js";
import { may } from "../../lib/session.js";
import { Button } from "../../ui/button.js";
import { confirm } from "../../ui/dialog.js";
import { say } from "../../ui/notice.js";
import { Empty, Loaded, Section } from "../../ui/page.js";
import { Paging, place } from "../../ui/paging.js";

export function DeadLetters({ pipeline }) {
  const { query } = address.use();
  const path = `/api/pipelines/${pipeline.id}/dead-letters`;
  const found = useLoad(`${path}?${place(query)}`);
  const [chosen, setChosen] = useState(new Set());
  const total = found.meta?.total ?? 0;
  const what = chosen.size ? plural(chosen.size, "row") : "all";

  async function replay() {
    const body = chosen.size ? { ids: [...chosen] } : undefined;
    const { replayed, run_id } = await post(`${path}/replay`, body);
    if (run_id) {
      say(`${plural(replayed, "row")} tried again by this run`);
      go(`/console/runs/${run_id}`);
    } else {
      say(replayed ? `${plural(replayed, "row")} will be tried again by the next run` : "Nothing to try again");
      found.reload();
    }
  }
  async function discard() {
    const sure = await confirm({
      title: `Discard ${chosen.size ? what : plural(total, "row")}?`,
      text: "They are deleted from the dead letters and never loaded. This can't be undone.",
      yes: "Discard",
      danger: true,
    });
    if (!sure) return;
    const query = [...chosen].map((id) => `letter_id=${id}`).join("&");
    const { discarded } = await remove(`${path}${query ? `?${query}` : ""}`);
    say(`${plural(discarded, "row")} discarded`);
    setChosen(new Set());
    found.reload();
  }
  function choose(id, on) {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  }
  const actions = may("editor") && total > 0 && html`
    <${Button} kind="main" act=${replay}>Try ${what} again</${Button}>
    <${Button} kind="danger" act=${discard}>Discard ${what}</${Button}>
  `;
  const empty = html`<${Empty} title="No dead letters">
    <p>Every row was carried over. A row that a script raises on, or that the warehouse refuses, would wait here.</p>
  </${Empty}>`;
  return html`<${Section} title="Dead letters" actions=${actions}>
    <${Loaded} found=${found}>
      ${(letters, meta) => html`
        ${letters.length === 0
          ? empty
          : html`<p class="muted">Mend the cause (a script, a column's type), then try them again. The other rows are loaded.</p>`}
        <ul class="letters">
          ${letters.map((letter) => html`<${Letter} key=${letter.id} letter=${letter} on=${chosen.has(letter.id)} choose=${choose} />`)}
        </ul>
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Section}>`;
}

const STAGES = { extract: "while it was read", transform: "in a transform script", load: "by the warehouse" };

function Letter({ letter, on, choose }) {
  const title = html`<b>${letter.table_name}</b> <span class="muted">refused ${STAGES[letter.stage] ?? words(letter.stage)}</span>`;
  return html`<li class="letter">
    <div class="letter-head">
      ${may("editor")
        ? html`<label class="pick"><input type="checkbox" checked=${on} onChange=${(event) => choose(letter.id, event.target.checked)} /><span>${title}</span></label>`
        : title}
      <span class="muted">
        ${time(letter.last_seen_at)}, run <a class="id" href=${`/console/runs/${letter.run_id}`}>${letter.run_id.slice(0, 8)}</a>
        ${letter.replay_requested_at && ", to be tried again"}
      </span>
    </div>
    <p class="bad-text pre">${letter.error}</p>
    <details>
      <summary>The row</summary>
      <pre tabindex="0" aria-label=${`Row of ${letter.table_name}`}>${JSON.stringify(letter.row, null, 2)}</pre>
    </details>
  </li>`;
}
