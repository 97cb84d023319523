// Which events of a pipeline are told to which channel.
import { post, put, remove } from "../../lib/api.js";
import { html } from "../../lib/html.js";
import { words } from "../../lib/format.js";
import { useAll, useLoad } from "../../lib/load.js";
import { may } from "../../lib/session.js";
import { Button } from "../../ui/button.js";
import { say } from "../../ui/notice.js";
import { Empty, Loaded, Section } from "../../ui/page.js";

const EVENTS = ["failure", "dead_letter", "schema_drift", "quality_breach", "success"];

export function Links({ pipeline }) {
  const targets = useAll("/api/notifications/targets");
  const links = useLoad(`/api/notifications/links/${pipeline.id}?limit=500`);
  const empty = html`<${Empty} title="No channels">
    <p>A channel is where messages go: Telegram, Slack, Discord, a webhook or e-mail.</p>
    ${may("editor") && html`<a class="button main" href="/console/notifications/new">Add a channel</a>`}
  </${Empty}>`;
  return html`<${Section} title="Notifications">
    <${Loaded} found=${targets}>
      ${(channels) => html`<${Loaded} found=${links}>
        ${(linked) =>
          channels.length === 0
            ? empty
            : channels.map((channel) => {
                const link = linked.find((one) => one.target_id === channel.id);
                return html`<${Channel} key=${channel.id} pipeline=${pipeline} channel=${channel} link=${link} reload=${links.reload} />`;
              })}
      </${Loaded}>`}
    </${Loaded}>
  </${Section}>`;
}

function Channel({ pipeline, channel, link, reload }) {
  const events = link?.events ?? [];
  async function set(next) {
    if (!link) await post("/api/notifications/links", { pipeline_id: pipeline.id, target_id: channel.id, events: next });
    else if (next.length) await put(`/api/notifications/links/${link.id}`, { events: next });
    else await remove(`/api/notifications/links/${link.id}`);
    say(next.length ? `${channel.name} is told of ${next.map(words).join(", ")}` : `${channel.name} is told nothing of this pipeline`);
    reload();
  }
  const toggle = (event) => () => set(events.includes(event) ? events.filter((one) => one !== event) : [...events, event]);
  return html`<fieldset class="channel">
    <legend>${channel.name} <span class="muted">${channel.type}${!channel.active && ", switched off"}</span></legend>
    ${EVENTS.map((event) =>
      may("editor")
        ? html`<${Button} key=${event} kind="toggle" aria-pressed=${events.includes(event) ? "true" : "false"} act=${toggle(event)}>${words(event)}</${Button}>`
        : events.includes(event) && html`<span key=${event} class="tag">${words(event)}</span>`,
    )}
    ${!link && !may("editor") && html`<span class="muted">Nothing of this pipeline.</span>`}
  </fieldset>`;
}
