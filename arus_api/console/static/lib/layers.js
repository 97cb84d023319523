// The graph of the lineage: each asset once, in its layer's column, at a height that keeps edges
// short. Owns places, not looks.
export const LAYERS = ["source", "raw", "target"];
export const MOST = 300; // targets drawn at once

/**
 * @param pipelines as the API's graph has them.
 * @returns {{nodes, edges, rows, left}} `nodes` with `layer`, `row` and `pipelines`; `edges` name ids;
 *   `left` targets were left out.
 */
export function layers(pipelines) {
  const nodes = new Map();
  const edges = new Map();
  let targets = 0;
  let left = 0;
  for (const pipeline of pipelines) {
    const into = new Map(pipeline.edges.map((edge) => [edge.to, edge.from]));
    for (const target of pipeline.assets.filter((asset) => asset.layer === "target")) {
      if (targets === MOST) {
        left += 1;
        continue;
      }
      targets += 1;
      for (let id = target.id, next; id; id = next) {
        const asset = pipeline.assets.find((one) => one.id === id);
        const node = nodes.get(id) ?? { ...asset, pipelines: [] };
        if (!node.pipelines.includes(pipeline)) node.pipelines.push(pipeline);
        nodes.set(id, node);
        next = into.get(id);
        if (next) edges.set(`${next} ${id}`, { from: next, to: id });
      }
    }
  }
  return { ...placed([...nodes.values()], [...edges.values()]), left };
}

function placed(nodes, edges) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ordered = (layer) => nodes.filter((node) => node.layer === layer);
  // Targets in the order in which pipelines come; what leads to them stands at their mean height.
  ordered("target").forEach((node, row) => (node.row = row));
  for (const layer of ["raw", "source"]) {
    const wanted = ordered(layer).map((node) => {
      const after = edges.filter((edge) => edge.from === node.id).map((edge) => byId.get(edge.to).row);
      return [after.reduce((sum, row) => sum + row, 0) / after.length, node];
    });
    wanted.sort(([a], [b]) => a - b);
    let free = 0;
    for (const [row, node] of wanted) {
      node.row = Math.max(free, row);
      free = node.row + 1;
    }
  }
  const rows = Math.max(0, ...nodes.map((node) => node.row + 1));
  return { nodes, edges, rows };
}

/** The ids of everything before and after a node, itself included. */
export function pathThrough(edges, id) {
  const found = new Set([id]);
  for (const [from, to] of [["from", "to"], ["to", "from"]]) {
    const open = [id];
    while (open.length) {
      const here = open.pop();
      for (const edge of edges) {
        if (edge[from] !== here || found.has(edge[to])) continue;
        found.add(edge[to]);
        open.push(edge[to]);
      }
    }
  }
  return found;
}
