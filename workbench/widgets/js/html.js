/** Markup as tagged templates: preact draws it, and everything that is put in is text, never HTML. */
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
