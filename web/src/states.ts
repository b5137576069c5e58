/** What the page says if there is nothing to play. */

import { element } from "./dom";

export function message(title: string, ...lines: string[]): HTMLElement {
  return element(
    "section",
    { class: "message" },
    element("h2", {}, title),
    ...lines.map((line) => element("p", {}, line)),
  );
}

export function notes(lines: string[]): HTMLElement | null {
  if (!lines.length) return null;
  return element("ul", { class: "notes", "aria-label": "Notes" }, ...lines.map((line) => element("li", {}, line)));
}
