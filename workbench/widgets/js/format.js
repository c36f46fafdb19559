/**
 * How numbers, times and names are worded.  The same as `workbench/render/formats.py`: both are tested with the cases in
 * `tests/workbench/render/wording_cases.json`.
 */

export const count = (number) => String(Math.trunc(number)).replace(/\B(?=(\d{3})+$)/g, ",");

export const plural = (number, noun, nouns = `${noun}s`) => `${count(number)} ${number === 1 ? noun : nouns}`;

const precise = (number) => String(Number(number.toPrecision(3)));

/** @param {number} us microseconds; less than nothing (a clock set back) is nothing */
export function duration(us) {
  if (us < 1_000) return `${Math.max(0, Math.trunc(us))} µs`;
  if (us < 999_950) return `${precise(us / 1_000)} ms`;
  const seconds = us / 1_000_000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole >= 86_400) return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
  if (whole >= 3_600) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `214 B`, `1.5 kB`, `12.3 MB`: decimal units, three digits. */
export function size(number) {
  if (number < 1_000) return `${number} B`;
  let amount = number / 1_000;
  for (const unit of ["kB", "MB"]) {
    if (amount < 999.5) return `${precise(amount)} ${unit}`;
    amount /= 1_000;
  }
  return amount < 999.5 ? `${precise(amount)} GB` : `${count(Math.round(amount))} GB`;
}

/** `0.3/s`, `12/s`; empty for nothing. */
export const perSecond = (rate) => (rate ? `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s` : "");

/** A time that is still running: in tenths of a second, because smaller ones only flicker. */
export const elapsed = (us) => (us < 59_950_000 ? `${(Math.max(0, us) / 1e6).toFixed(1)} s` : duration(us));

/** How long ago, from both times in microseconds; empty for a time that never was. */
export function age(atUs, nowUs) {
  if (!atUs) return "";
  const seconds = Math.max(0, Math.floor((nowUs - atUs) / 1_000_000));
  if (seconds < 1) return "just now";
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d ago`;
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ago`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ago`;
  return `${seconds} s ago`;
}

/** A time of day in the reader's own zone, with the date unless it is today. */
export function clockTime(atUs, nowUs) {
  const at = new Date(atUs / 1_000);
  const time = at.toLocaleTimeString();
  return at.toDateString() === new Date(nowUs / 1_000).toDateString() ? time : `${at.toLocaleDateString()} ${time}`;
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A name with its control and direction characters made visible, so that it cannot repaint what stands around it. */
export const printable = (text) =>
  text.replace(UNPRINTABLE, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
