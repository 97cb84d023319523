// Dark or light: the system's choice, until the user makes their own.
import { store } from "./store.js";

const KEY = "arus.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

const shown = () => localStorage.getItem(KEY) ?? (system.matches ? "dark" : "light");

export const theme = store(shown());

function apply() {
  theme.set(shown());
  document.documentElement.dataset.theme = theme.get();
}

export function toggleTheme() {
  const next = theme.get() === "dark" ? "light" : "dark";
  // The system's own choice is not kept, so that a change of the system is followed again.
  if (next === (system.matches ? "dark" : "light")) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  apply();
}

system.addEventListener("change", apply);
addEventListener("storage", apply);
apply();
