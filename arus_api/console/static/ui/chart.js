// Daily runs as stacked bars. The same numbers stand in a table for whoever can't see the picture.
import { html } from "../lib/html.js";
import { compact, dayOf, number, plural } from "../lib/format.js";
import { useWidth } from "../lib/width.js";

const HEIGHT = 180;
const FOOT = 22;
const SIDE = 34;
const RIGHT = 16;
const KINDS = [
  ["success", "Succeeded"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
];

const rest = (day) => day.total - KINDS.reduce((sum, [kind]) => sum + day[kind], 0);

/** @param days the daily statistics, oldest first. */
export function DailyRuns({ days }) {
  const [frame, width] = useWidth(640);
  const most = Math.max(1, ...days.map((day) => day.total));
  const top = ceiling(most);
  const slot = (width - SIDE - RIGHT) / days.length;
  const y = (count) => (HEIGHT - FOOT - 8) * (1 - count / top) + 8;
  const every = Math.ceil((days.length * 62) / width);
  return html`<figure class="chart" ref=${frame}>
    <svg viewBox=${`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
      ${[0, top / 2, top].map(
        (count) => html`<g key=${count} class="grid">
          <line x1=${SIDE} x2=${width - RIGHT} y1=${y(count)} y2=${y(count)} />
          <text x=${SIDE - 6} y=${y(count) + 4} text-anchor="end">${compact(count)}</text>
        </g>`,
      )}
      ${days.map((day, place) => {
        const x = SIDE + place * slot;
        return html`<g key=${day.date} class="day">
          <title>${`${dayOf(day.date)}: ${plural(day.total, "run")}, ${plural(day.rows_synced, "row")}`}</title>
          <rect class="ground" x=${x} y="0" width=${slot} height=${HEIGHT - FOOT} />
          ${bars(day, x + slot * 0.18, slot * 0.64, y)}
          ${(days.length - 1 - place) % every === 0 &&
          html`<text x=${x + slot / 2} y=${HEIGHT - 6} text-anchor="middle">${dayOf(day.date)}</text>`}
        </g>`;
      })}
    </svg>
    <figcaption>
      ${KINDS.map(([kind, label]) => html`<span key=${kind} class=${`key ${kind}`}>${label}</span>`)}
      <span class="key other">Other</span>
    </figcaption>
    <table class="unseen">
      <caption>Runs by day</caption>
      <thead>
        <tr>
          <th scope="col">Day</th>
          ${KINDS.map(([, label]) => html`<th scope="col">${label}</th>`)}
          <th scope="col">All runs</th>
          <th scope="col">Rows synced</th>
        </tr>
      </thead>
      <tbody>
        ${days.map(
          (day) => html`<tr key=${day.date}>
            <th scope="row">${dayOf(day.date)}</th>
            ${KINDS.map(([kind]) => html`<td>${number(day[kind])}</td>`)}
            <td>${number(day.total)}</td>
            <td>${number(day.rows_synced)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </figure>`;
}

function bars(day, x, width, y) {
  let below = 0;
  const parts = [...KINDS.map(([kind]) => [kind, day[kind]]), ["other", rest(day)]];
  return parts
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => {
      const foot = y(below);
      below += count;
      return html`<rect key=${kind} class=${kind} x=${x} width=${width} y=${y(below)} height=${foot - y(below)} />`;
    });
}

/** The next even number of two digits at most, so that half of it is whole. */
function ceiling(count) {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  const step = 2 * power;
  return Math.max(2, Math.ceil(count / step) * step);
}
