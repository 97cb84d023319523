// What surrounds every page: navigation, who is logged in, the state of the installation.
import { address } from "../lib/address.js";
import { logout } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { useLoad } from "../lib/load.js";
import { may } from "../lib/session.js";
import { theme, toggleTheme } from "../lib/theme.js";
import { Icon } from "./icon.js";
import { Banner } from "./page.js";

const HEALTH_EVERY = 30_000;
const ENTRIES = [
  ["/", "Dashboard", "dashboard"],
  ["/console/pipelines", "Pipelines", "pipelines"],
  ["/console/runs", "Runs", "runs"],
  ["/console/lineage", "Lineage", "lineage"],
  ["/console/sources", "Sources", "sources"],
  ["/console/destinations", "Destinations", "destinations"],
  ["/console/notifications", "Notifications", "notifications"],
  ["/console/users", "Users", "users", "admin"],
  ["/console/settings", "Settings", "settings", "admin"],
  ["/console/audit", "Audit log", "audit", "admin"],
];

export function Frame({ user, children }) {
  const { path } = address.use();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  const health = useLoad("/api/health", { every: HEALTH_EVERY });
  return html`
    <a class="skip" href="#main">Skip to the page</a>
    <header class="top">
      <a class="brand" href="/"><${Logo} />Arus</a>
      <button
        type="button"
        class="button menu"
        aria-expanded=${open ? "true" : "false"}
        aria-controls="navigation"
        onClick=${() => setOpen(!open)}
      >
        <${Icon} name="menu" />Menu
      </button>
    </header>
    <div id="navigation" class=${`side ${open ? "open" : ""}`}>
      <nav aria-label="Main">
        <ul>
          ${ENTRIES.filter(([, , , role]) => !role || may(role)).map(
            ([href, label, icon]) => html`<li key=${href}>
              <a href=${href} aria-current=${current(href, path)}><${Icon} name=${icon} />${label}</a>
            </li>`,
          )}
        </ul>
      </nav>
      <footer class="side-foot">
        <p class="who"><strong>${user.name}</strong><span>${user.email} · ${user.role}</span></p>
        <${ThemeButton} />
        <button type="button" class="bare" onClick=${logout}><${Icon} name="out" />Log out</button>
        <p class="version">
          ${health.data && html`Version ${health.data.version} · `}<a href="/docs">API reference</a>
        </p>
      </footer>
    </div>
    <main id="main" tabindex="-1"><${Health} found=${health} />${children}</main>
  `;
}

function current(href, path) {
  if (href === path || (href === "/" && path === "/console")) return "page";
  return href !== "/" && path.startsWith(`${href}/`) ? "true" : undefined;
}

function Health({ found }) {
  if (!found.data) return null;
  const { database, scheduler } = found.data;
  if (database !== "connected")
    return html`<${Banner} tone="bad">The catalog's database can't be reached. Nothing can be shown or changed until it is back.</${Banner}>`;
  if (scheduler === "running") return null;
  return html`<${Banner} tone="warn">
    ${scheduler === "stopped"
      ? "Dagster's daemon is not running: no schedule ticks and no run leaves the queue."
      : "Dagster can't be reached: runs and schedules can't be shown or started."}
    ${" "}If you have just started Arus, give it half a minute.
  </${Banner}>`;
}

function ThemeButton() {
  const dark = theme.use() === "dark";
  return html`<button type="button" class="bare" onClick=${toggleTheme}>
    <${Icon} name=${dark ? "sun" : "moon"} />${dark ? "Light colours" : "Dark colours"}
  </button>`;
}

export function Logo() {
  return html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M6 12c3.5-4 6.5-4 10 0s6.5 4 10 0M6 21c3.5-4 6.5-4 10 0s6.5 4 10 0" />
  </svg>`;
}
