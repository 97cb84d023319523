// Who may use the platform, for admins.
import { address, go } from "../lib/address.js";
import { patch, post, remove } from "../lib/api.js";
import { html } from "../lib/html.js";
import { useAll, useLoad } from "../lib/load.js";
import { session } from "../lib/session.js";
import { Button } from "../ui/button.js";
import { confirm } from "../ui/dialog.js";
import { Form } from "../ui/form.js";
import { say } from "../ui/notice.js";
import { Banner, Loaded, Page, Section, When } from "../ui/page.js";
import { Paging, place } from "../ui/paging.js";
import { Status } from "../ui/status.js";
import { Table } from "../ui/table.js";

const ROLES = [
  ["viewer", "viewer: sees everything but users and settings"],
  ["editor", "editor: also changes and runs pipelines"],
  ["admin", "admin: also manages users and settings"],
];
const BACK = ["/console/users", "Users"];

function fields(stored) {
  return [
    { name: "name", label: "Name", required: true },
    { name: "email", label: "E-mail", type: "email", required: true },
    { name: "role", label: "Role", type: "select", options: ROLES, initial: "viewer", required: true },
    {
      name: "password",
      label: stored ? "New password" : "Password",
      type: "password",
      autocomplete: "new-password",
      required: !stored,
      help: stored ? "Left empty: the old one stays. A new one ends the user's sessions." : "At least 8 characters. Tell it to them yourself: no mail is sent.",
    },
    ...(stored ? [{ name: "is_active", label: "May log in", type: "checkbox" }] : []),
  ];
}

const COLUMNS = [
  { label: "Name", cell: (user) => html`<a href=${`/console/users/${user.id}`}>${user.name}</a>`, wide: true },
  { label: "E-mail", cell: (user) => user.email, wide: true },
  { label: "Role", cell: (user) => user.role },
  { label: "State", cell: (user) => html`<${Status} value=${user.is_active ? "active" : "paused"} label=${user.is_active ? "active" : "may not log in"} />` },
  { label: "Since", cell: (user) => html`<${When} at=${user.created_at} />` },
];

export function Users() {
  const { query } = address.use();
  const found = useLoad(`/api/auth/users?${place(query)}`);
  const add = html`<a class="button main" href="/console/users/new">Add a user</a>`;
  return html`<${Page} title="Users" lead="Who may log in, and in which role." actions=${add}>
    <${Loaded} found=${found}>
      ${(users, meta) => html`
        <${Table} caption="Users" columns=${COLUMNS} rows=${users} id=${(user) => user.id} />
        <${Paging} meta=${meta} />
      `}
    </${Loaded}>
  </${Page}>`;
}

export function User({ id }) {
  return id === "new" ? html`<${NewUser} />` : html`<${OldUser} id=${id} />`;
}

function NewUser() {
  function added(user) {
    say(`${user.name} can log in now`);
    go(BACK[0]);
  }
  return html`<${Page} title="Add a user" back=${BACK}>
    <section class="card">
      <${Form} label="New user" fields=${fields()} submit="Add the user" send=${(body) => post("/api/auth/users", body)} done=${added} cancel=${() => go(BACK[0])} />
    </section>
  </${Page}>`;
}

function OldUser({ id }) {
  // The API lists users and has no question for one of them.
  const found = useAll("/api/auth/users");
  const user = found.data?.find((one) => one.id === id);
  const self = session.get()?.user.id === id;
  async function drop() {
    const sure = await confirm({
      title: `Delete ${user.name}?`,
      text: "They can no longer log in. To keep the account for later, take “May log in” away instead.",
      yes: "Delete the user",
      danger: true,
    });
    if (!sure) return;
    await remove(`/api/auth/users/${id}`);
    say(`${user.name} is deleted`);
    go(BACK[0]);
  }
  function saved() {
    say("Saved");
    go(BACK[0]);
  }
  const actions = user && !self && html`<${Button} kind="danger" act=${drop}>Delete</${Button}>`;
  return html`<${Page} title=${user?.name ?? "User"} back=${BACK} lead=${self && "This is you."} actions=${actions}>
    <${Loaded} found=${found}>
      ${() =>
        user
          ? html`<${Section} title="Account">
              <${Form}
                label="Edit the user"
                fields=${fields(user)}
                value=${user}
                partial
                submit="Save"
                send=${(body) => patch(`/api/auth/users/${id}`, body)}
                done=${saved}
                cancel=${() => go(BACK[0])}
              />
            </${Section}>`
          : html`<${Banner} tone="warn">There is no such user.</${Banner}>`}
    </${Loaded}>
  </${Page}>`;
}
