// The one place that names the vendored library: markup by tagged templates, and hooks. What stands
// in ${…} is text or an attribute's value, never markup, so nothing has to be escaped by hand.
export {
  html,
  render,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../vendor/htm-preact.js";
