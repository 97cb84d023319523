// The width that an element has on the page, for drawings that fill it.
import { useEffect, useRef, useState } from "./html.js";

/** @returns {[ref, width]} `first` is taken until it is measured. */
export function useWidth(first) {
  const element = useRef(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(element.current);
    return () => watch.disconnect();
  }, []);
  return [element, width];
}
