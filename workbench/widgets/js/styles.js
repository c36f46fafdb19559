/** The look.  Colours are JupyterLab's, else VS Code's, else the system's; nothing is loaded from anywhere. */
export const STYLES = `
.wb {
  --wb-text: var(--jp-ui-font-color1, var(--vscode-editor-foreground, CanvasText));
  --wb-back: var(--jp-layout-color1, var(--vscode-editor-background, Canvas));
  --wb-muted: color-mix(in srgb, var(--wb-text) 72%, var(--wb-back));
  --wb-raised: var(--jp-layout-color2, var(--vscode-editorWidget-background, color-mix(in srgb, CanvasText 5%, Canvas)));
  --wb-line: var(--jp-border-color2, var(--vscode-panel-border, color-mix(in srgb, CanvasText 18%, Canvas)));
  --wb-accent: var(--jp-brand-color1, var(--vscode-focusBorder, #1976d2));
  --wb-good: var(--jp-success-color1, var(--vscode-testing-iconPassed, #2e7d32));
  --wb-warn: var(--jp-warn-color1, var(--vscode-editorWarning-foreground, #b26a00));
  --wb-bad: var(--jp-error-color1, var(--vscode-errorForeground, #d32f2f));
  --wb-bad-text: color-mix(in srgb, var(--wb-bad) 78%, var(--wb-text));
  --wb-flash: color-mix(in srgb, var(--wb-accent) 35%, transparent);
  --wb-mono: var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, monospace));
  container-type: inline-size;
  color: var(--wb-text); background: var(--wb-back);
  font: var(--jp-ui-font-size1, 13px)/1.45 var(--jp-ui-font-family, var(--vscode-font-family, system-ui, sans-serif));
  border: 1px solid var(--wb-line); border-radius: 6px; margin: 2px 0; overflow: hidden; text-align: left;
}
.wb *, .wb *::before { box-sizing: border-box; }
.wb:focus { outline: none; }
.wb :is(button, input, select, .wb-scroll):focus-visible { outline: 2px solid var(--wb-accent); outline-offset: 1px; }
.wb :is(h3, h4, p, ul, ol) { margin: 0; padding: 0; font: inherit; list-style: none; }
.wb button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; cursor: pointer; text-align: inherit; }
.wb code, .wb-name, .wb-value, .wb-key { font-family: var(--wb-mono); font-size: .96em; background: none; padding: 0; color: inherit; unicode-bidi: isolate; }
.wb-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.wb-muted, .wb-note, .wb-more, .wb-was, .wb-empty { color: var(--wb-muted); }
.wb-strong { font-weight: 600; }
.wb-space { flex: 1; }
.wb-tone-good { --wb-tone: var(--wb-good); } .wb-tone-warn { --wb-tone: var(--wb-warn); }
.wb-tone-bad { --wb-tone: var(--wb-bad); } .wb-tone-busy, .wb-tone-info { --wb-tone: var(--wb-accent); }
.wb-tone-idle { --wb-tone: var(--wb-muted); }
.wb-dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: var(--wb-tone, var(--wb-accent)); flex: none; }
.wb-tone-idle > .wb-dot { background: none; border: 2px solid var(--wb-tone); }
.wb-pulse { animation: wb-pulse 2s ease-in-out infinite; }
@keyframes wb-pulse { 50% { opacity: .35; } }

.wb-header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 8px 12px; border-bottom: 1px solid var(--wb-line); background: var(--wb-raised); }
.wb-header h3 { font-weight: 600; font-size: 1.1em; max-width: 28em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.wb-facts { display: flex; flex-wrap: wrap; gap: 0 12px; color: var(--wb-muted); }
.wb-facts b { color: var(--wb-text); font-weight: 600; font-variant-numeric: tabular-nums; border-radius: 2px; }
.wb-phase, .wb-live, .wb-running { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.wb-live { color: var(--wb-muted); font-size: .92em; }
.wb-button { border: 1px solid var(--wb-line) !important; border-radius: 4px; padding: 2px 10px !important; background: var(--wb-back) !important; }
.wb-button:hover { border-color: var(--wb-accent) !important; }

.wb-banner { padding: 8px 12px; border-left: 4px solid var(--wb-tone); background: color-mix(in srgb, var(--wb-tone) 10%, transparent); border-bottom: 1px solid var(--wb-line); }
.wb-body { display: flex; flex-direction: column; }
.wb-section { padding: 8px 12px 10px; min-width: 0; }
.wb-section h4 { display: flex; align-items: baseline; gap: 10px; margin-bottom: 4px; font-size: .92em; font-weight: 600; color: var(--wb-muted); }
.wb-title { white-space: nowrap; } .wb-note { font-weight: 400; }
.wb-panel > .wb-section { border-top: 1px solid var(--wb-line); }
.wb-side { border-top: 1px solid var(--wb-line); }
@container (min-width: 620px) {
  .wb-body { flex-direction: row; }
  .wb-grow { flex: 1 1 0; }
  .wb-side { flex: 0 0 300px; border-top: 0; border-left: 1px solid var(--wb-line); }
}

.wb-tree { max-height: 320px; overflow: auto; }
.wb-items .wb-items { padding-left: 16px; border-left: 1px solid var(--wb-line); margin-left: 5px; }
.wb-item { padding: 1px 0 1px 6px; border-left: 2px solid transparent; }
.wb-items .wb-items .wb-item { padding-left: 2px; }
.wb-line { display: flex; align-items: baseline; gap: 6px; }
.wb-shown { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.wb-tree > .wb-items > .wb-item > .wb-line > .wb-toggle { min-width: 8.5em; }
.wb-item.wb-changed { border-left-color: var(--wb-accent); }
.wb-toggle { flex: none; max-width: 50%; overflow-wrap: anywhere; }
.wb-key { color: var(--wb-muted); }
.wb-items .wb-items .wb-key::after { content: ":"; }
button.wb-toggle::before { content: "▸"; display: inline-block; width: 1em; color: var(--wb-muted); }
button.wb-toggle[aria-expanded="true"]::before { content: "▾"; }
.wb-toggle-none::before { content: ""; display: inline-block; width: 1em; }
.wb-value { border-radius: 2px; }
.wb-text { color: var(--jp-mirror-editor-string-color, inherit); }
.wb-number { color: var(--jp-mirror-editor-number-color, inherit); }
.wb-flag, .wb-none { color: var(--jp-mirror-editor-keyword-color, inherit); }
.wb-map, .wb-list { color: var(--wb-muted); font-family: inherit; }
.wb-was { margin-left: .8em; font-size: .92em; }

.wb-depth { display: flex; align-items: flex-end; justify-content: space-between; gap: 12px; }
.wb-big { font-size: 1.7em; line-height: 1; font-weight: 600; font-variant-numeric: tabular-nums; }
.wb-spark { display: block; flex: none; max-width: 100%; }
.wb-spark-bars { fill: var(--wb-accent); } .wb-spark-base { fill: var(--wb-line); }
.wb-queue { margin-top: 6px !important; }
.wb-queue li { display: flex; justify-content: space-between; gap: 10px; padding: 1px 0; }
.wb-stored { display: flex; align-items: baseline; gap: 8px; } .wb-changes { padding: 2px 0 2px 16px !important; } .wb-changes li { overflow-wrap: anywhere; }
.wb-running b { font-variant-numeric: tabular-nums; font-weight: 600; }

.wb-scroll { overflow: auto; } .wb-tall { max-height: 420px; }
.wb table.wb-table { border-collapse: collapse; width: 100%; margin: 0; border: 0; font-size: inherit; color: inherit; }
.wb .wb-table :is(th, td) { padding: 3px 16px 3px 0; text-align: left; vertical-align: baseline; border: 0; white-space: nowrap; background: none; max-width: none; }
.wb .wb-table :is(th, td):last-child { padding-right: 0; }
.wb .wb-table th.wb-num { width: 6.2em; }
.wb .wb-turns { table-layout: fixed; min-width: 460px; }
.wb .wb-turns th:nth-child(1) { width: 6.4em; } .wb .wb-turns th:nth-child(2) { width: 22%; }
.wb .wb-actors td { vertical-align: middle; }
.wb .wb-turns td { overflow: hidden; text-overflow: ellipsis; }
.wb .wb-table tr, .wb .wb-table tbody tr:nth-child(odd) { background: none; border: 0; }
.wb .wb-table th { font-weight: 400; color: var(--wb-muted); border-bottom: 1px solid var(--wb-line); }
.wb .wb-table tbody tr + tr td { border-top: 1px solid color-mix(in srgb, var(--wb-line) 55%, transparent); }
.wb .wb-table .wb-num { text-align: right; font-variant-numeric: tabular-nums; }
.wb .wb-actors :is(th, td):first-child { padding-left: 12px; } .wb .wb-actors :is(th, td):last-child { padding-right: 12px; }
.wb .wb-actors th { position: sticky; top: 0; background: var(--wb-back); z-index: 1; }
.wb .wb-actors tbody tr:hover { background: var(--wb-raised); }
.wb .wb-actors .wb-name { display: inline-block; max-width: 24em; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
.wb .wb-sort { color: inherit; } .wb .wb-sort:hover { color: var(--wb-text); }
.wb .wb-sort { position: relative; }
.wb-arrow { position: absolute; left: 100%; padding-left: 2px; }
.wb .wb-link { color: var(--jp-content-link-color, var(--vscode-textLink-foreground, LinkText)); }
.wb .wb-link:hover { text-decoration: underline; }
.wb-icon { display: inline-block; fill: none; stroke: var(--wb-tone, currentColor); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; margin-right: 6px; vertical-align: -2px; }
.wb-detail { margin-left: .7em; color: var(--wb-bad-text); font-family: var(--wb-mono); font-size: .92em; }
td.wb-tone-bad, span.wb-tone-bad:not(.wb-live, .wb-outcome) { color: var(--wb-bad-text); }

.wb-tabs { display: inline-flex; border: 1px solid var(--wb-line); border-radius: 4px; overflow: hidden; }
.wb .wb-tab { padding: 1px 10px; } .wb .wb-tab[aria-pressed="true"] { background: var(--wb-back); font-weight: 600; box-shadow: inset 0 -2px 0 var(--wb-accent); }
.wb-topology { display: block; margin: 6px 12px; font-family: var(--wb-mono); font-size: 12px; }
.wb-topology .wb-hit { fill: none; stroke: transparent; stroke-width: 12; }
.wb-topology .wb-edge, .wb-topology .wb-box { cursor: pointer; --wb-drawn: var(--wb-muted); } .wb-topology .wb-outside { cursor: default; }
.wb-topology :is(.wb-edge, .wb-box).wb-tone-bad { --wb-drawn: var(--wb-bad); }
.wb-topology .wb-edge-line { fill: none; stroke: var(--wb-drawn); opacity: .7; } .wb-topology .wb-edge-head { fill: var(--wb-drawn); }
.wb-topology .wb-busy:not(.wb-tone-bad) { --wb-drawn: var(--wb-accent); }
.wb-topology :is(.wb-edge:hover, .wb-chosen) .wb-edge-line { opacity: 1; stroke: var(--wb-accent); stroke-width: 3; }
.wb-topology rect { fill: var(--wb-raised); stroke: var(--wb-drawn); } .wb-topology .wb-outside rect { stroke-dasharray: 4 3; fill: none; }
.wb-topology .wb-box:not(.wb-outside):hover rect { stroke: var(--wb-accent); }
.wb-topology text { fill: var(--wb-text); } .wb-topology .wb-box-name { font-weight: 600; } .wb-topology .wb-box-note { fill: var(--wb-muted); font-size: 10.5px; }
.wb-scrubber { display: flex; align-items: center; gap: 8px; padding: 8px 12px; border-bottom: 1px solid var(--wb-line); }
.wb-scrubber input[type="range"] { flex: 1; min-width: 80px; accent-color: var(--wb-accent); }
.wb-scrubber output { font-variant-numeric: tabular-nums; white-space: nowrap; }
.wb-made { padding: 8px 12px 0; overflow-wrap: anywhere; } .wb-made .wb-name { font-weight: 600; }
.wb .wb-table .wb-opened td { white-space: normal; overflow-wrap: anywhere; padding: 2px 0 6px 6.4em; border-top: 0 !important; }
.wb-ways { display: flex; flex-wrap: wrap; gap: 2px 14px; color: var(--wb-muted); font-size: .92em; }
.wb-connections { max-height: 220px; }
.wb-toolbar { display: flex; align-items: center; gap: 12px; padding: 6px 12px; }
.wb-search + .wb-muted { white-space: nowrap; }
.wb .wb-search { font: inherit; color: inherit; background: var(--wb-back); border: 1px solid var(--wb-line); border-radius: 4px; padding: 3px 8px; width: 240px; }
.wb .wb-input { font: inherit; font-family: var(--wb-mono); color: inherit; background: var(--wb-back); border: 1px solid var(--wb-line); border-radius: 4px; padding: 3px 8px; }
.wb-said { display: grid; grid-template-columns: 5.5em minmax(5em, 14%) minmax(0, 1fr); gap: 10px; overflow-wrap: anywhere; }
.wb-choice { align-items: center; }
.wb-form { display: flex; flex-direction: column; gap: 6px; padding: 10px 12px; margin: 0; }
.wb-field { display: grid; grid-template-columns: minmax(6em, 22%) minmax(0, 1fr); align-items: center; gap: 10px; }
.wb-field > input[type="checkbox"] { justify-self: start; }
.wb-submit { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; margin-top: 2px; }
.wb .wb-button:disabled { opacity: .5; cursor: default; }
.wb-calls { max-height: 260px; overflow: auto; } .wb-calls li { padding: 3px 0; overflow-wrap: anywhere; }
.wb-calls li + li { border-top: 1px solid color-mix(in srgb, var(--wb-line) 55%, transparent); }
.wb-calls .wb-command { margin-right: 1em; }
.wb-calls li > div { padding-left: 1em; font-family: var(--wb-mono); font-size: .92em; }
.wb-empty { padding: 4px 12px 10px !important; } .wb-section .wb-empty { padding: 2px 0 !important; }
.wb-footer { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; padding: 6px 12px; border-top: 1px solid var(--wb-line); color: var(--wb-muted); font-size: .92em; }
.wb .wb-command { font-family: var(--wb-mono); border-radius: 3px; }
.wb .wb-command:hover { color: var(--wb-text); text-decoration: underline; }

@container (max-width: 560px) {
  .wb .wb-optional { display: none; }
  .wb .wb-turns { min-width: 400px; }
  .wb .wb-actors .wb-name { max-width: 11em; }
}
@media (prefers-reduced-motion: reduce) { .wb-pulse { animation: none; } }
@media (forced-colors: active) {
  .wb-dot { forced-color-adjust: none; background: CanvasText; }
  .wb-item { border-left-color: Canvas; } .wb-item.wb-changed { border-left-color: Highlight; }
  .wb-spark-bars { fill: CanvasText; } .wb-icon { stroke: CanvasText; }
}
`;
