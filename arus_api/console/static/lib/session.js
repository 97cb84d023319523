// Who is logged in: the tokens and the user. Kept in the browser's local storage, so that a second
// tab needs no second login, and logging out in one tab logs out in all.
import { store } from "./store.js";

const KEY = "arus.session";
const RANKS = { viewer: 1, editor: 2, admin: 3 };

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return found?.refresh_token && found?.user ? found : null;
  } catch {
    return null; // not ours, or cut short: as good as none
  }
}

/** `{access_token, refresh_token, user}`, or null. */
export const session = store(stored());

/** Why the last session ended, for the page that asks to log in again. */
export let ending = "";

addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) session.set(stored());
});

/** Take over the tokens of a login or refresh. */
export function begin({ access_token, refresh_token, user }) {
  ending = "";
  const opened = { access_token, refresh_token, user };
  localStorage.setItem(KEY, JSON.stringify(opened));
  session.set(opened);
}

/** Forget the tokens. */
export function end(reason = "") {
  ending = reason;
  localStorage.removeItem(KEY);
  session.set(null);
}

/** Whether the user may do what needs this role. The API decides; this only hides buttons. */
export function may(role) {
  return (RANKS[session.get()?.user.role] ?? 0) >= RANKS[role];
}
