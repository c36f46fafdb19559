/** The entry: anywidget calls `render` for every view of a panel and what it returns when the view goes. */
import { render as draw } from "preact";
import { App } from "./app.js";
import { html } from "./html.js";
import { Link } from "./link.js";
import { STYLES } from "./styles.js";
import { reportVisibility } from "./visibility.js";

/** While this view lives, the still picture of its panel, an output of its own for readers without a kernel, is hidden. */
function hidePicture(token) {
  if (!/^[0-9a-f]+$/.test(token ?? "")) return "";
  const picture = `[data-wb-picture="${token}"]`;
  return `${picture}, .jp-OutputArea-child:has(${picture}) { display: none; }`;
}

export default {
  render({ model, el }) {
    const link = new Link(model);
    const style = el.ownerDocument.createElement("style");
    const root = el.ownerDocument.createElement("div");
    // In the view itself, not in the page's head: some front ends put each view into a shadow tree.
    style.textContent = STYLES + hidePicture(model.get("token"));
    el.append(style, root);
    draw(html`<${App} link=${link} />`, root);
    const leave = reportVisibility(el, (state, view) => {
      link.see(state === "visible");
      link.tell("visible", { view, state });
    });
    return () => {
      leave();
      link.close();
      draw(null, root);
    };
  },
};
