// Notification channels: where messages go.
import { address, go } from "../lib/address.js";
import { post, put, remove } from "../lib/api.js";
import { CHANNELS, channelFields, channelName, channelValue } from "../lib/channels.js";
import { html, useState } from "../lib/html.js";
import { useAll, useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Banner, Empty, Loaded, Page, Section } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

async function test(target) {
  await post(`/api/notifications/targets/${target.id}/test`);
  say(`A test message was sent to ${target.name}`);
}

const COLUMNS = [
  {
    label: "Name",
    wide: true,
    cell: (target) => (may("editor") ? html`<a href=${`/console/notifications/${target.id}`}>${target.name}</a>` : target.name),
  },
  { label: "Kind", cell: (target) => channelName(target.type) },
  { label: "Goes to", cell: (target) => target.destination, wide: true },
  {
    label: "State",
    wide: true,
    cell: (target) =>
      target.error
        ? html`<${Status} value="error" label="can't be used" /><span class="under">${target.error}</span>`
        : html`<${Status} value=${target.active ? "active" : "paused"} label=${target.active ? "on" : "off"} />`,
  },
  { label: "Messages of 30 days", wide: true, cell: (target) => html`<${Deliveries} of=${target.deliveries} />` },
];
const ACTIONS = { label: "Actions", cell: (target) => html`<${Button} act=${() => test(target)} aria-label=${`Send a test message to ${target.name}`}>Send a test</${Button}>` };

function Deliveries({ of: { sent, pending, failed, last_error: reason } }) {
  const counts = [[sent, "sent"], [pending, "waiting"], [failed, "given up"]].filter(([count]) => count);
  const words = counts.map(([count, what]) => `${count} ${what}`).join(", ") || "none yet";
  return html`${failed ? html`<${Status} value="error" label=${words} />` : words}
    ${reason && html`<span class="under">Last fault: ${reason}</span>`}`;
}

export function Targets() {
  const { query } = address.use();
  const found = useLoad(`/api/notifications/targets?${place(query)}`);
  const add = may("editor") && html`<a class="button main" href="/console/notifications/new">Add a channel</a>`;
  const empty = html`<${Empty} title="No channels yet">
    <p>Be told of failures, rejected rows and changed columns by ${CHANNELS.map(([, name]) => name).join(", ")}.</p>
    ${add}
  </${Empty}>`;
  return html`<${Page} title="Notifications" lead="Where messages go. What is sent is chosen on each pipeline's page." actions=${add}>
    <${Loaded} found=${found}>
      ${(targets, meta) => html`
        <${Table}
          caption="Channels"
          columns=${may("editor") ? [...COLUMNS, ACTIONS] : COLUMNS}
          rows=${targets}
          id=${(target) => target.id}
          empty=${empty}
        />
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Page}>`;
}

const BACK = ["/console/notifications", "Notifications"];

export function Target({ id }) {
  return id === "new" ? html`<${NewTarget} />` : html`<${OldTarget} id=${id} />`;
}

function NewTarget() {
  function added(target) {
    say(`${target.name} is added. Send a test, then choose on each pipeline's page what it is told`);
    go(`/console/notifications/${target.id}`);
  }
  return html`<${Page} title="Add a channel" back=${BACK}>
    <section class="card">
      <${Form}
        label="New channel"
        fields=${channelFields()}
        submit="Add the channel"
        send=${(body) => post("/api/notifications/targets", body)}
        done=${added}
        cancel=${() => go(BACK[0])}
      />
    </section>
  </${Page}>`;
}

function OldTarget({ id }) {
  // The API lists channels and has no question for one of them.
  const found = useAll("/api/notifications/targets");
  const target = found.data?.find((one) => one.id === id);
  async function drop() {
    const sure = await confirm({
      title: `Remove ${target.name}?`,
      text: "Pipelines that send messages to it no longer do.",
      yes: "Remove the channel",
      danger: true,
    });
    if (!sure) return;
    await remove(`/api/notifications/targets/${id}`);
    say(`${target.name} is removed`);
    go(BACK[0]);
  }
  const actions = html`<${Button} act=${() => test(target)}>Send a test</${Button}><${Button} kind="danger" act=${drop}>Remove</${Button}>`;
  return html`<${Page} title=${target?.name ?? "Channel"} back=${BACK} lead=${target && `${channelName(target.type)}, to ${target.destination}`} actions=${target && actions}>
    <${Loaded} found=${found}>
      ${() => (target ? html`<${Edit} target=${target} reload=${found.reload} />` : html`<${Banner} tone="warn">There is no such channel.</${Banner}>`)}
    </${Loaded}>
  </${Page}>`;
}

function Edit({ target, reload }) {
  const [saves, setSaves] = useState(0);
  function saved() {
    say("Saved");
    setSaves(saves + 1);
    reload();
  }
  return html`
    ${target.error && html`<${Banner} tone="bad"><p>${target.error}</p></${Banner}>`}
    <${Section} title="Messages of 30 days"><p><${Deliveries} of=${target.deliveries} /></p></${Section}>
    <${Section} title="Settings">
      <${Form}
        key=${saves}
        label="Edit the channel"
        fields=${channelFields(target)}
        value=${channelValue(target)}
        partial
        submit="Save"
        send=${(body) => put(`/api/notifications/targets/${target.id}`, body)}
        done=${saved}
      />
    </${Section}>
  `;
}
