// A value that several components show: session, address, theme, notices.
import { useEffect, useState } from "./html.js";

/** A value with listeners; `set` tells them, `use` is the hook that reads it. */
export function store(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of listeners) listener(value);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    use() {
      const [, show] = useState({});
      useEffect(() => this.listen(() => show({})), []);
      return value;
    },
  };
}
