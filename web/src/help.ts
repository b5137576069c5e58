/** The keys, in a dialogue. */

import { button, element } from "./dom";

export type Keys = [string, string][];

export const KEYS: Keys = [
  ["Space", "play or pause"],
  ["← →", "one frame back or on"],
  ["1 to 9, 0", "open a hit; 0 is the tenth"],
  ["[ ]", "the hit before, the hit after"],
  ["O", "side by side or overlaid"],
  ["Esc", "back to all hits"],
  ["Drag", "turn the camera"],
  ["Wheel", "nearer or farther, for one hit"],
];

export function helpButton(keys: Keys = KEYS): HTMLElement {
  const rows = keys.map(([key, effect]) =>
    element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, key)), element("td", {}, effect)),
  );
  const dialogue: HTMLDialogElement = element(
    "dialog",
    { "aria-labelledby": "help-title" },
    element("h2", { id: "help-title" }, "Keys"),
    element("table", {}, element("tbody", {}, ...rows)),
    element("p", {}, "Left limbs are drawn lighter, right limbs darker. Discs on the ground are feet that stand."),
    button("Close", () => dialogue.close(), { class: "primary" }),
  );
  return element(
    "span",
    {},
    button("Keys", () => dialogue.showModal(), { "aria-haspopup": "dialog" }),
    dialogue,
  );
}
