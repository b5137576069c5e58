/** The scores of the parts of a hit, for its tile. */

import { element } from "./dom";
import type { Pair } from "./library";
import { PART_NAMES, partName } from "./skeleton";

/** A part differs clearly if its score is so much below the best. */
const CLEARLY_LOWER = 0.05;

/** Text for those who hear the page. */
export const spoken = (text: string) => element("span", { class: "hidden" }, text);

/** The score of each part as a bar, and in words the one that differs most, if it clearly does. */
export function partBars(pair: Pair): HTMLElement {
  const scores = PART_NAMES.map((part) => pair.data.parts[part]);
  const bars = PART_NAMES.map((part, at) => {
    const bar = element("i", {
      class: "meter",
      title: `${partName(part)}: ${scores[at]?.toFixed(2) ?? "not compared"}`,
    });
    bar.style.setProperty("--score", String(scores[at] ?? 0));
    return bar;
  });
  const known = scores.filter((score) => score !== undefined);
  const lowest = Math.min(...known);
  const clear = known.length > 0 && lowest <= Math.max(...known) - CLEARLY_LOWER;
  const worst = clear ? `${partName(PART_NAMES[scores.indexOf(lowest)])} ${lowest.toFixed(2)}` : "";
  return element("span", { class: "bars" }, ...bars, element("span", {}, worst ? spoken("least alike ") : null, worst));
}
