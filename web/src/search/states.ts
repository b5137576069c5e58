/** What the page says before there are hits, and if there are none. */

import { button, element } from "../dom";
import { message } from "../states";
import { seconds } from "../text";
import type { ClipFacts, LibraryFacts, Refused } from "./service";

const SUGGESTED = 9;

/** Nothing is searched for yet. */
export function empty(open: HTMLElement, onFind: () => void): HTMLElement {
  return element(
    "section",
    { class: "empty" },
    element("h1", {}, "Find the moments where a body moves like this one"),
    element(
      "div",
      { class: "drop-here" },
      element("p", { class: "large" }, "Drop a motion file here"),
      element(
        "p",
        {},
        "BVH, AMC with its ASF, FBX, glTF, C3D, joints, keypoints or a video. It stays on this machine.",
      ),
      element("div", { class: "buttons" }, open, button("Choose a clip of the library", onFind)),
    ),
  );
}

/** Some clips of the library to begin with. */
export function suggestions(
  facts: LibraryFacts,
  clips: ClipFacts[],
  onChoose: (clip: string) => void,
): HTMLElement | null {
  if (!clips.length) return null;
  const step = Math.max(Math.floor(clips.length / SUGGESTED), 1);
  const shown = clips.filter((_, at) => at % step === 0).slice(0, SUGGESTED);
  const minutes = facts.contents.duration_s / 60;
  return element(
    "section",
    { class: "suggestions", "aria-label": "Clips of the library" },
    element("h2", {}, `Or begin with one of the ${facts.contents.clips} clips (${minutes.toFixed(0)} minutes)`),
    element(
      "ul",
      {},
      ...shown.map((clip) => {
        const choose = button("", () => onChoose(clip.clip));
        choose.append(...clipText(clip));
        return element("li", {}, choose);
      }),
    ),
  );
}

/** The name and the label of a clip. */
function clipText(clip: ClipFacts): HTMLElement[] {
  const about = [clip.labels.label, seconds(clip.duration_s)].filter(Boolean).join(" · ");
  return [element("span", { class: "text" }, clip.clip), element("span", { class: "about" }, about)];
}

/** No clip meets the conditions. */
export function none(lines: string[], onClear: () => void): HTMLElement {
  const line = ["No clip of the library meets the conditions of this search.", ...lines].join(" ");
  return failure("No moment was found", line, button("Clear the conditions", onClear));
}

/** The service has gone. */
export const gone = (): HTMLElement =>
  failure(
    "The service does not answer",
    "Start mretrieve serve again; this page goes on by itself as soon as it answers.",
  );

/** The service has refused: in its own words, and with what can be done. */
export function refusal(error: Refused, onRestart: (token?: string) => void): HTMLElement {
  if (error.status === 401) return tokenForm(onRestart);
  if (error.status !== 503) return failure("This cannot be searched", error.message);
  return failure(
    "The service is busy",
    error.message,
    button("Try again", () => onRestart(), { class: "primary" }),
  );
}

function failure(title: string, line: string, ...buttons: HTMLElement[]): HTMLElement {
  const made = message(title);
  made.setAttribute("role", "alert");
  made.append(element("p", { class: "line" }, line));
  if (buttons.length) made.append(element("div", { class: "buttons" }, ...buttons));
  return made;
}

function tokenForm(onToken: (token: string) => void): HTMLElement {
  const input = element("input", { type: "password", autocomplete: "off", required: "" });
  const form = element(
    "form",
    {},
    element("label", { class: "field" }, element("span", {}, "Token"), input),
    element("button", { type: "submit", class: "primary" }, "Go on"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onToken(input.value.trim());
  });
  const made = message(
    "This service needs its token",
    "It is the one that was given to it as --token or $MRETRIEVE_TOKEN.",
  );
  made.append(form);
  return made;
}
