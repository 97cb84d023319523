// Small drawings beside words. Never alone: what they say stands in text too.
import { html } from "../lib/html.js";

const PATHS = {
  dashboard: "M3 3h6v8H3zM11 3h6v5h-6zM11 10h6v7h-6zM3 13h6v4H3z",
  pipelines: "M4 6h8a4 4 0 0 1 0 8H6M8 11l-3 3 3 3M4 4v4",
  runs: "M10 3a7 7 0 1 0 7 7M10 6v4l3 2M17 3v4h-4",
  lineage: "M3 5h4v4H3zM13 3h4v4h-4zM13 13h4v4h-4zM7 7h3v8h3M10 7V5h3",
  sources: "M4 5c0-1.5 3-2.5 6-2.5s6 1 6 2.5-3 2.5-6 2.5S4 6.5 4 5zM4 5v10c0 1.5 3 2.5 6 2.5s6-1 6-2.5V5M4 10c0 1.5 3 2.5 6 2.5s6-1 6-2.5",
  destinations: "M3 8l7-5 7 5v9H3zM7 17v-6h6v6",
  notifications: "M10 3a4.5 4.5 0 0 0-4.5 4.5c0 4-2 5.5-2 5.5h13s-2-1.5-2-5.5A4.5 4.5 0 0 0 10 3zM8.5 16a1.6 1.6 0 0 0 3 0",
  users: "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 16c0-3 2-4.5 5-4.5s5 1.5 5 4.5M13 4a3 3 0 0 1 0 5.5M14.5 12c2 .5 3 2 3 4",
  settings: "M3 6h9M16 6h1M3 14h2M9 14h8M14 4v4M7 12v4",
  audit: "M5 2.5h7l3 3v12H5zM8 9h5M8 12h5M8 15h3",
  menu: "M3 5h14M3 10h14M3 15h14",
  out: "M8 4H4v12h4M12 6l4 4-4 4M16 10H8",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.5 4.5l1.5 1.5M14 14l1.5 1.5M15.5 4.5L14 6M6 14l-1.5 1.5",
  moon: "M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z",
  external: "M8 4H4v12h12v-4M11 3h6v6M17 3l-8 8",
  success: "M4 10.5l4 4 8-9",
  failed: "M5 5l10 10M15 5L5 15",
  running: "M10 3a7 7 0 1 1-7 7",
  pending: "M10 6v4l3 2M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  cancelled: "M4.5 4.5l11 11M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  skipped: "M4 5l6 5-6 5zM13 5v10",
  paused: "M7 5v10M13 5v10",
  warning: "M10 3l8 14H2zM10 8v4M10 14.5v.5",
  info: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9v5M10 6v.5",
  idle: "M5 10h10",
};

/** @param name one of the drawings above. */
export function Icon({ name }) {
  return html`<svg class=${`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true">
    <path d=${PATHS[name]} />
  </svg>`;
}
