/** The page of a file that is opened from disk: a header, and what it is about. */

import { element } from "./dom";
import { themeButton } from "./theme";

/** Replaces the header that the page has until its script runs. `tools` come before the choice of colours. */
export function showPage(
  main: HTMLElement,
  heading: HTMLElement,
  navigation: HTMLElement,
  ...tools: HTMLElement[]
): void {
  const brand = element("span", { class: "brand" }, "mretrieve");
  document.querySelector("header")?.remove();
  document.body.prepend(
    element("header", {}, brand, heading, navigation, element("span", { class: "tools" }, ...tools, themeButton())),
    main,
  );
}
