/** What is known of a pair besides how it moves: scores and distances, and advice. */

import { button, element } from "./dom";
import type { Pair } from "./library";
import { PART_NAMES, partName } from "./skeleton";
import { millimetres, span } from "./text";

export function facts(pair: Pair, actions: HTMLElement | null, onSeek: (frame: number) => void): HTMLElement {
  const { data, other } = pair;
  const rows: [string, string][] = [
    ["Moment", span(other.timeS(0), other.timeS(other.frameCount))],
    ["Distance", millimetres(data.distance_mm)],
    ["Speed", `${data.speed.toFixed(2)}×`],
  ];
  if (data.score !== null) rows.unshift(["Score", data.score.toFixed(3)]);
  if (data.label) rows.push(["Label", data.label]);
  const list = element(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]),
  );
  return element(
    "aside",
    { class: "side", "aria-label": "About this pair" },
    actions,
    list,
    scores(pair),
    advice(pair, onSeek),
  );
}

function scores(pair: Pair): HTMLElement {
  const rows = PART_NAMES.map((part) => {
    const score = pair.data.parts[part];
    const bar = element("i", { class: "meter" });
    bar.style.setProperty("--score", String(score ?? 0));
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, partName(part)),
      element("td", {}, bar),
      element("td", {}, score === undefined ? "–" : score.toFixed(2)),
    );
  });
  return element(
    "table",
    { class: "scores" },
    element("caption", {}, "Score of each part"),
    element("tbody", {}, ...rows),
  );
}

/** Advice; a line about a stretch is a button that shows it. */
function advice(pair: Pair, onSeek: (frame: number) => void): HTMLElement | null {
  if (!pair.data.advice.length) return null;
  const items = pair.data.advice.map((said) => {
    const kind = said.kind === "alike" ? "alike" : "differs";
    if (said.start_s === null) return element("li", { class: kind }, said.text);
    const frame = Math.round((said.start_s - pair.query.data.start_s) * pair.query.fps);
    return element(
      "li",
      { class: kind },
      button(said.text, () => onSeek(frame)),
    );
  });
  return element("section", { class: "advice" }, element("h2", {}, "Advice for A"), element("ul", {}, ...items));
}
