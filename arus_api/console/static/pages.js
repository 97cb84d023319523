// The table from addresses to pages.
import { html } from "./lib/html.js";
import { may } from "./lib/session.js";
import { Audit } from "./pages/audit.js";
import { Dashboard } from "./pages/dashboard.js";
import { Destination, Destinations } from "./pages/destinations.js";
import { Lineage } from "./pages/lineage.js";
import { NewPipeline } from "./pages/new-pipeline.js";
import { Pipeline } from "./pages/pipeline.js";
import { Pipelines } from "./pages/pipelines.js";
import { Run } from "./pages/run.js";
import { Runs } from "./pages/runs.js";
import { Settings } from "./pages/settings.js";
import { Source } from "./pages/source.js";
import { SourceTables } from "./pages/source-tables.js";
import { NewSource, Sources } from "./pages/sources.js";
import { Target, Targets } from "./pages/targets.js";
import { User, Users } from "./pages/users.js";
import { Banner, Page } from "./ui/page.js";

const PAGES = [
  ["/", Dashboard],
  ["/console", Dashboard],
  ["/console/pipelines", Pipelines],
  ["/console/pipelines/new", NewPipeline, "editor"],
  ["/console/pipelines/:id", Pipeline],
  ["/console/pipelines/:id/:tab", Pipeline],
  ["/console/pipelines/:id/:tab/:part", Pipeline, "editor"],
  ["/console/runs", Runs],
  ["/console/runs/:id", Run],
  ["/console/lineage", Lineage],
  ["/console/sources", Sources],
  ["/console/sources/new", NewSource, "editor"],
  ["/console/sources/:id", Source],
  ["/console/sources/:id/tables", SourceTables, "editor"],
  ["/console/destinations", Destinations],
  ["/console/destinations/:id", Destination],
  ["/console/notifications", Targets],
  ["/console/notifications/:id", Target, "editor"],
  ["/console/users", Users, "admin"],
  ["/console/users/:id", User, "admin"],
  ["/console/settings", Settings, "admin"],
  ["/console/audit", Audit, "admin"],
];

/** The page at a path. */
export function page(path) {
  const parts = path.replace(/(.)\/+$/, "$1").split("/");
  for (const [pattern, content, role = "viewer"] of PAGES) {
    const found = match(pattern.split("/"), parts);
    // The key makes another thing's page a new one: nothing typed in one form stays for the next.
    if (found) return may(role) ? html`<${content} key=${path} ...${found} />` : html`<${Forbidden} role=${role} />`;
  }
  return html`<${Missing} />`;
}

function match(pattern, parts) {
  if (pattern.length !== parts.length) return null;
  const found = {};
  for (const [place, name] of pattern.entries()) {
    if (name.startsWith(":")) found[name.slice(1)] = decoded(parts[place]);
    else if (name !== parts[place]) return null;
  }
  return found;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign: no id has one, so the page says that nothing is found
  }
}

function Forbidden({ role }) {
  return html`<${Page} title="Not for your role">
    <${Banner} tone="warn">This page needs the role ${role}. An administrator can give it to you.</${Banner}>
  </${Page}>`;
}

function Missing() {
  return html`<${Page} title="No such page">
    <p>There is nothing at this address. <a href="/">Go to the dashboard</a></p>
  </${Page}>`;
}
