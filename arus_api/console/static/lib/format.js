// Numbers and times for people. Refuses to guess: what is missing is an en dash.
export const NONE = "–";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const moment = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
  hour12: false,
});
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", hour12: false });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export const number = (value) => (value == null ? NONE : whole.format(value));
export const compact = (value) => (value == null ? NONE : short.format(value));
export const time = (value) => (value == null ? NONE : moment.format(new Date(value)));
export const timeOfDay = (value) => (value == null ? NONE : clock.format(new Date(value)));
export const dayOf = (value) => day.format(new Date(`${value}T00:00:00Z`));

/** "3 min ago", "in 2 hr", "now". */
export function ago(value, now = Date.now()) {
  if (value == null) return NONE;
  const seconds = (new Date(value) - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  return relative.format(Math.trunc(seconds / size), unit);
}

/** "0.4 s", "12 s", "3 min 5 s", "2 h 10 min". */
export function duration(milliseconds) {
  if (milliseconds == null) return NONE;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3600)} h ${Math.round((total % 3600) / 60)} min`;
}

/** "1.2 MB", by powers of a thousand. */
export function bytes(value) {
  if (value == null) return NONE;
  const power = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
  const amount = value / 1000 ** power;
  return `${power ? amount.toFixed(1) : amount} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** A code such as `full_refresh` in words. */
export const words = (code) => (code == null ? NONE : code.replaceAll("_", " "));
