/** The entry: anywidget calls `render` for every view of a panel and what it returns when the view goes. */
import { render as draw } from "preact";
import { App } from "./app.js";
import { html } from "./html.js";
import { Link } from "./link.js";
import { STYLES } from "./styles.js";
import { reportVisibility } from "./visibility.js";

export default {
  render({ model, el }) {
    const link = new Link(model);
    const style = el.ownerDocument.createElement("style");
    const root = el.ownerDocument.createElement("div");
    // In the view itself, not in the page's head: some front ends put each view into a shadow tree.
    style.textContent = STYLES;
    el.append(style, root);
    draw(html`<${App} link=${link} />`, root);
    const leave = reportVisibility(el, (state, view) => {
      if (state === "visible") link.forgive();
      link.tell("visible", { view, state });
    });
    return () => {
      leave();
      link.close();
      draw(null, root);
    };
  },
};
