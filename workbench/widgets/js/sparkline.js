/** The last minute as small bars, one a second, against the right edge. */
import { html } from "./html.js";

const SLOTS = 60;
const STEP = 3;
const HEIGHT = 24;
const LOW = 4; // the scale reaches at least to here: a single waiting message is no wall of bars

/**
 * Bars as [slot, height] pairs: the series ends at second `until_s`, the picture at `nowUs`.
 * @param {{values?: (number | null)[], until_s?: number}} series
 */
export function bars(series, nowUs) {
  const values = series?.values ?? [];
  const top = Math.max(LOW, ...values.map((value) => value ?? 0));
  const shift = Math.max(0, Math.floor(nowUs / 1e6) - (series?.until_s ?? 0));
  const first = SLOTS - values.length - shift;
  return values
    .map((value, i) => [first + i, value ? Math.max(1, (value / top) * HEIGHT) : 0])
    .filter(([slot, height]) => slot >= 0 && height);
}

export function Sparkline({ series, nowUs, label }) {
  const width = SLOTS * STEP;
  return html`<svg class="wb-spark" role="img" aria-label=${label} viewBox="0 0 ${width} ${HEIGHT + 1}"
      width=${width} height=${HEIGHT + 1}>
    <path class="wb-spark-bars" d=${bars(series, nowUs).map(bar).join("")} />
    <rect class="wb-spark-base" y=${HEIGHT} width=${width} height="1" />
  </svg>`;
}

const bar = ([slot, height]) =>
  `M${slot * STEP} ${HEIGHT}v${-height.toFixed(1)}h${STEP - 1}v${height.toFixed(1)}z`;
