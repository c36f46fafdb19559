/** Tells the kernel whether a view can be seen: on the screen, in a tab that is in front. */

let views = 0;

/**
 * @param {Element} element the view's root
 * @param {(state: "visible" | "hidden" | "gone", view: string) => void} report
 * @returns {() => void} to be called when the view is removed
 */
export function reportVisibility(element, report, { document = globalThis.document, window = globalThis } = {}) {
  const view = `${Date.now().toString(36)}-${++views}`;
  let isOnScreen = true;
  let last = "";
  const say = (state) => {
    if (state !== last) report((last = state), view);
  };
  const look = () => say(isOnScreen && !document.hidden ? "visible" : "hidden");
  const observer = new window.IntersectionObserver((entries) => {
    isOnScreen = entries[entries.length - 1].isIntersecting;
    look();
  });
  const leave = () => say("hidden");
  observer.observe(element);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", leave);
  return () => {
    observer.disconnect();
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("pagehide", leave);
    say("gone");
  };
}
