// Logging in. The address stays, so that one comes to the page that was asked for.
import { login } from "../lib/api.js";
import { html, useEffect } from "../lib/html.js";
import { ending } from "../lib/session.js";
import { Form } from "../ui/form.js";
import { Logo } from "../ui/frame.js";

const FIELDS = [
  { name: "email", label: "E-mail", type: "email", required: true, autocomplete: "username", span: true },
  { name: "password", label: "Password", type: "password", required: true, autocomplete: "current-password", span: true },
];

export function Login() {
  useEffect(() => {
    document.title = "Log in · Arus";
    document.querySelector("input")?.focus();
  }, []);
  return html`<main class="login">
    <div class="card">
      <p class="brand"><${Logo} />Arus</p>
      <h1>Log in</h1>
      ${ending && html`<p class="muted" role="status">${ending}.</p>`}
      <${Form}
        label="Log in"
        fields=${FIELDS}
        submit="Log in"
        send=${({ email, password }) => login(email, password)}
      />
    </div>
  </main>`;
}
