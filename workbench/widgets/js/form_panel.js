/** A form for an action's messages, and the calls made with it. */
import { useState } from "preact/hooks";
import { duration, elapsed, printable } from "./format.js";
import { html } from "./html.js";
import { Command, Liveness, Name, Section } from "./parts.js";

export function FormPanel({ link, nowUs, children }) {
  const { view } = link.frame;
  return html`<div class="wb-panel">
    <div class="wb-header">
      <h3><${Name} text=${view.name} /></h3>
      <${Actions} view=${view} link=${link} />
      <span class="wb-space" />
      <${Liveness} link=${link} />
    </div>
    ${children}
    <${Form} key=${view.action} view=${view} link=${link} nowUs=${nowUs} />
    <${Calls} calls=${view.calls ?? []} held=${view.held} />
  </div>`;
}

function Actions({ view, link }) {
  const choose = (event) => link.ask("choose", { action: event.target.value });
  return html`<label class="wb-facts wb-choice">action
    <select class="wb-input" value=${view.action} onChange=${choose}>
      ${(view.actions ?? []).map((name) => html`<option key=${name} value=${name} selected=${name === view.action}>${printable(name)}</option>`)}
    </select>
  </label>`;
}

/** What is typed stays in the browser until it is sent. */
function Form({ view, link, nowUs }) {
  const [typed, setTyped] = useState({});
  const fields = view.fields ?? [];
  const put = (name, value) => setTyped({ ...typed, [name]: value });
  // By hand: notebooks take Enter for their own commands and keep a browser from submitting.
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.isComposing || event.target.localName !== "input") return;
    event.stopPropagation();
    send(event);
  };
  const send = (event) => {
    event.preventDefault();
    if (view.running) return;
    const data = {};
    for (const field of fields) {
      const value = typed[field.name] ?? (field.is_flag ? field.default === "True" : "");
      data[`field ${field.name}`] = value;
    }
    link.ask("call", data);
  };
  return html`<form class="wb-form" onSubmit=${send} onKeyDown=${onKeyDown} aria-label="Message for ${printable(view.name)}.${printable(view.action ?? "")}">
    ${fields.map((field) => html`<${Input} key=${field.name} field=${field} value=${typed[field.name]} put=${put} />`)}
    ${fields.length ? null : html`<p class="wb-muted">This action has no parameters.</p>`}
    ${view.held ? html`<p class="wb-tone-warn" role="status">${printable(view.held)}</p>` : null}
    ${view.limit ? html`<p class="wb-muted">A call that takes longer than ${view.limit} is ended.</p>` : null}
    <div class="wb-submit">
      <button class="wb-button" type="submit" disabled=${Boolean(view.running)}>Invoke</button>
      ${view.running ? html`<span class="wb-running"><i class="wb-dot wb-pulse wb-tone-busy" />${view.held ? "waiting" : "running"} ${elapsed(nowUs - view.running.since_us)}</span>` : null}
      ${view.rejected ? html`<span class="wb-tone-bad" role="alert">${view.rejected}</span>` : null}
    </div>
  </form>`;
}

function Input({ field, value, put }) {
  const hint = field.type || "any value";
  const flag = html`<input type="checkbox" checked=${value ?? field.default === "True"}
    onInput=${(event) => put(field.name, Boolean(event.target.checked))} />`;
  const text = html`<input class="wb-input" type=${field.is_secret ? "password" : "text"} spellcheck=${false} autocomplete=${field.is_secret ? "new-password" : "off"} value=${value ?? ""} aria-required=${field.required ? "true" : "false"}
    placeholder=${field.required ? hint : `${hint}, else ${field.default}`} onInput=${(event) => put(field.name, event.target.value)} />`;
  return html`<label class="wb-field"><span><${Name} text=${field.name} />${field.required ? html`<span aria-hidden="true"> *</span>` : null}</span>
    ${field.is_flag ? flag : field.choices?.length ? html`<${Choice} field=${field} value=${value} put=${put} />` : text}</label>`;
}

/** One of few values; nothing chosen leaves a default to the action. */
function Choice({ field, value, put }) {
  const first = field.required ? "choose one" : `default: ${field.default}`;
  return html`<select class="wb-input" aria-required=${field.required ? "true" : "false"} onChange=${(event) => put(field.name, event.target.value)}>
    <option value="" selected=${!value}>${first}</option>
    ${field.choices.map((code) => html`<option key=${code} value=${code} selected=${code === value}>${printable(code)}</option>`)}
  </select>`;
}

function Calls({ calls, held }) {
  if (!calls.length) return null;
  return html`<${Section} title="Calls" note="a click copies the code">
    <ol class="wb-calls">${calls.map((call) => html`<li key=${call.number}>
      <${Command} code=${call.code} />${call.magic ? html` <${Command} code=${call.magic} />` : null}
      <div class="wb-tone-${{ ok: "good", failed: "bad" }[call.outcome] ?? "busy"}">${came(call, held)}</div>
    </li>`)}</ol>
  <//>`;
}

function came(call, held) {
  if ((call.outcome ?? "running") === "running") return held ? "… waiting" : "… running";
  return `${call.outcome === "ok" ? "→" : "✗"} ${call.answer ?? ""} · ${duration(call.took_us ?? 0)}`;
}
