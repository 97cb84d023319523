// A cron expression in words, while it is typed. The API has the last word on what is acceptable;
// what this can't put in words it leaves to the API's own label.
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const SHORT = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const ALIASES = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
};

export const PRESETS = [
  ["*/5 * * * *", "Every 5 minutes"],
  ["*/15 * * * *", "Every 15 minutes"],
  ["0 * * * *", "Every hour"],
  ["0 */6 * * *", "Every 6 hours"],
  ["0 3 * * *", "Every day at 03:00"],
  ["0 3 * * 1", "Every Monday at 03:00"],
];

const within = (text, most) => /^\d{1,2}$/.test(text) && Number(text) <= most;
const step = (text, most) => {
  const found = /^\*\/(\d{1,2})$/.exec(text);
  return found && Number(found[1]) >= 1 && Number(found[1]) <= most ? Number(found[1]) : null;
};
const at = (hour, minute) => `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
const every = (count, unit) => (count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`);

function weekday(text) {
  const named = SHORT.indexOf(text.toUpperCase());
  if (named >= 0) return DAYS[named];
  return within(text, 7) ? DAYS[Number(text) % 7] : null;
}

function onDays(text) {
  if (/^(1-5|mon-fri)$/i.test(text)) return "Every weekday";
  const days = text.split(",").map(weekday);
  return days.every(Boolean) ? `Every ${days.join(", ")}` : null;
}

/** The expression in words, or null where there are none here for it. */
export function inWords(expression) {
  const plain = ALIASES[expression.trim().toLowerCase()] ?? expression.trim();
  const parts = plain.split(/\s+/);
  if (parts.length !== 5) return null;
  const [minute, hour, date, month, days] = parts;
  if (month !== "*") return null;
  if (date === "*" && days === "*") {
    if (hour === "*" && minute === "*") return "Every minute";
    if (hour === "*" && step(minute, 59)) return every(step(minute, 59), "minute");
    if (hour === "*" && within(minute, 59))
      return Number(minute) ? `Every hour, ${Number(minute)} min past` : "Every hour";
    if (step(hour, 23) && within(minute, 59)) {
      const past = Number(minute) ? `, ${Number(minute)} min past the hour` : "";
      return every(step(hour, 23), "hour") + past;
    }
  }
  if (!within(minute, 59) || !within(hour, 23)) return null;
  if (date === "*" && days === "*") return `Every day at ${at(hour, minute)}`;
  if (date === "*" && onDays(days)) return `${onDays(days)} at ${at(hour, minute)}`;
  if (days === "*" && within(date, 31) && Number(date))
    return `On day ${Number(date)} of every month at ${at(hour, minute)}`;
  return null;
}
