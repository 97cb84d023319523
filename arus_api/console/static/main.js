// The console: which page stands at which address, inside the frame.
import { address } from "./lib/address.js";
import { html, render, useEffect, useRef } from "./lib/html.js";
import { session } from "./lib/session.js";
import "./lib/theme.js";
import { page } from "./pages.js";
import { Login } from "./pages/login.js";
import { Dialogs } from "./ui/dialog.js";
import { Frame } from "./ui/frame.js";
import { Notices } from "./ui/notice.js";

function Console() {
  const user = session.use()?.user;
  const { path } = address.use();
  const before = useRef(path);
  useEffect(() => {
    // A new page is read from its heading on, as after a load of the browser's own.
    if (before.current !== path) document.querySelector("h1")?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return html`
    ${user ? html`<${Frame} user=${user}>${page(path)}</${Frame}>` : html`<${Login} />`}
    <${Notices} />
    <${Dialogs} />
  `;
}

render(html`<${Console} />`, document.getElementById("console"));
