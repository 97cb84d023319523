// The lineage drawn: buttons in three columns over curves. A button can be reached by keyboard and
// says what it leads to; the curves are for the eye alone.
import { html } from "../lib/html.js";
import { compact } from "../lib/format.js";
import { LAYERS, pathThrough } from "../lib/layers.js";
import { useWidth } from "../lib/width.js";
import { Status } from "./status.js";

const ROW = 62;
const NODE = 48;
const LEAST = 720; // narrower, the graph is scrolled sideways
const TITLES = { source: "Source", raw: "Raw", target: "Target" };

function amount({ layer, rows, status }) {
  if (rows === null) return status === "failed" ? "failed" : "not yet";
  if (layer === "raw") return `+${compact(rows)} last run`;
  return rows === 1 ? "1 row" : `${compact(rows)} rows`;
}

export function Graph({ graph, selected, select }) {
  const [frame, room] = useWidth(LEAST);
  const width = Math.max(LEAST, room);
  const present = LAYERS.filter((layer) => graph.nodes.some((node) => node.layer === layer));
  const gap = width / present.length;
  const box = Math.min(260, gap - 56);
  // The first column begins at the left edge and the last ends at the right one.
  const x = (layer) => (present.length < 2 ? 0 : (present.indexOf(layer) * (width - box)) / (present.length - 1));
  const y = (node) => node.row * ROW;
  const lit = selected ? pathThrough(graph.edges, selected) : null;
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const height = graph.rows * ROW;
  return html`<div class="graph" ref=${frame} tabindex="0" role="region" aria-label="Graph of the lineage">
    <div class="graph-heads" style=${{ width: `${width}px` }}>
      ${present.map((layer) => html`<h2 key=${layer} style=${{ left: `${x(layer)}px`, width: `${box}px` }}>${TITLES[layer]}</h2>`)}
    </div>
    <div class="graph-body" style=${{ width: `${width}px`, height: `${height}px` }}>
      <svg width=${width} height=${height} aria-hidden="true">
        ${graph.edges.map((edge) => {
          const from = byId.get(edge.from);
          const to = byId.get(edge.to);
          const [x1, y1, x2, y2] = [x(from.layer) + box, y(from) + NODE / 2, x(to.layer), y(to) + NODE / 2];
          const middle = (x1 + x2) / 2;
          const on = lit && lit.has(edge.from) && lit.has(edge.to);
          return html`<path
            key=${`${edge.from} ${edge.to}`}
            class=${`${on ? "lit" : ""} ${to.status}`}
            d=${`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}
          />`;
        })}
      </svg>
      ${graph.nodes.map((node) => {
        const look = lit && !lit.has(node.id) ? "dim" : "";
        return html`<button
          key=${node.id}
          type="button"
          class=${`node ${node.layer} ${node.status} ${look}`}
          style=${{ left: `${x(node.layer)}px`, top: `${y(node)}px`, width: `${box}px` }}
          aria-pressed=${node.id === selected ? "true" : "false"}
          onClick=${() => select(node.id)}
        >
          <span class="node-name" title=${`${node.schema}.${node.table}`}>${node.table}</span>
          <span class="node-foot">
            <span class="node-schema">${node.layer === "source" ? (node.pipelines[0]?.source_name ?? node.schema) : node.schema}</span>
            ${node.layer !== "source" && html`<${Status} value=${node.status} label=${amount(node)} />`}
          </span>
        </button>`;
      })}
    </div>
  </div>`;
}
