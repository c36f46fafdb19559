/** The keyboard: lists are one stop for Tab, and arrows move in them. */

const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** Moves the focus among the buttons of a list. */
export function moveInList(event, list) {
  const step = STEPS[event.key];
  if (step === undefined || !list) return;
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(event.target.closest("button"));
  if (at < 0) return;
  event.preventDefault();
  const to = buttons[Math.min(buttons.length - 1, Math.max(0, at + step))];
  for (const button of buttons) button.tabIndex = button === to ? 0 : -1;
  to.focus();
}

/**
 * Where the focus goes when a click has replaced what was focused; without that, the keyboard would fall out of the panel.
 * Only the view that was clicked takes the focus.
 */
export class Focus {
  constructor() {
    this.wanted = "";
  }

  /** The element to give to `ref`: it takes the focus if it is the one that is waited for. */
  take(name) {
    return (element) => {
      if (!element || this.wanted !== name) return;
      this.wanted = "";
      element.focus({ preventScroll: true });
    };
  }
}

/** Opens an actor in the list's place, and goes back to its line. */
export function open(link, actor) {
  link.focus.wanted = "back";
  link.ask("open", { actor });
}

export function back(link) {
  link.focus.wanted = `actor:${link.frame.view.name}`;
  link.ask("back");
}

/** Escape goes back to the list, or out of the panel. */
export function onEscape(event, link) {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  if (link.frame.view?.back) back(link);
  else event.target.blur?.();
}
