/** Drawn signs: a font may lack the character, a path is always there.  Beside each stands the word it means. */
import { html } from "./html.js";

const PATHS = {
  ok: "M3 8.5l3.2 3.2L13 4.8",
  raised: "M4 4l8 8M12 4l-8 8",
  abandoned: "M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  refused: "M3.8 3.8l8.4 8.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  rejected: "M6.5 3.5L3 7l3.5 3.5M3 7h7a3 3 0 0 1 0 6H8",
  failed: "M8 6v3.4M8 11.6v.4M8 2l6.5 11.5h-13z",
};

export const Icon = ({ name }) => html`<svg class="wb-icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
  <path d=${PATHS[name] ?? PATHS.failed} />
</svg>`;
