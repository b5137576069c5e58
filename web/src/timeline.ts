/** How far apart each part of the body is, over the time of the query, under a cursor that can be dragged. */

import { cssColour, errorColour, LEGEND_MM } from "./colours";
import { button, element } from "./dom";
import type { Pair } from "./library";
import type { KeyFrame } from "./playback";
import { PART_NAMES, partName } from "./skeleton";
import { SpanBar } from "./spans";
import { millimetres, seconds } from "./text";
import { theme } from "./theme";

const ROW_PX = 22;
const GAP_PX = 3;

export class Timeline {
  readonly root: HTMLElement;
  private readonly bands = element("canvas", { "aria-hidden": "true" });
  private readonly cursor: HTMLInputElement;
  private readonly values: HTMLElement[];
  private readonly resized = new ResizeObserver(() => this.repaint());

  private readonly part: SpanBar | null = null;
  private readonly searchPart: HTMLButtonElement;

  /** `onPart`: searches for a part of the query; null if the page cannot search. */
  constructor(
    private readonly pair: Pair,
    onSeek: (frame: number) => void,
    onPart: ((startS: number, endS: number) => void) | null,
  ) {
    const motion = pair.query;
    const last = motion.frameCount - 1;
    this.cursor = element("input", {
      type: "range",
      min: "0",
      max: String(last),
      value: "0",
      "aria-label": "Time in the query",
    });
    this.cursor.addEventListener("input", () => onSeek(Number(this.cursor.value)));
    this.values = PART_NAMES.map(() => element("span"));
    const [startS, endS] = [motion.timeS(0), motion.timeS(motion.frameCount)];
    this.searchPart = button("Search", () => onPart?.(...this.chosen(startS, endS)), {
      "aria-label": "Search for this part",
    });
    this.searchPart.disabled = true;
    if (onPart) this.part = new SpanBar("the part to search for", startS, endS, () => this.offer());
    const plot = element("div", { class: "plot" }, this.bands, this.cursor);
    this.root = element(
      "section",
      { class: "timeline", "aria-label": "Distance of each part over time" },
      element("div", { class: "marks" }, ...pair.data.key_frames.map((key) => this.mark(key, last, onSeek))),
      element("div", { class: "parts" }, ...PART_NAMES.map((part) => element("span", {}, partName(part)))),
      plot,
      element("div", { class: "values" }, ...this.values),
      ...(this.part ? [element("span", { class: "row-name" }, "search part"), this.part.root, this.searchPart] : []),
      element("div", { class: "ticks", "aria-hidden": "true" }, ...this.ticks(last)),
      legend(),
    );
    this.resized.observe(plot);
  }

  show(frame: number): void {
    const text = seconds(this.pair.query.timeS(frame));
    this.cursor.value = String(frame);
    this.cursor.setAttribute("aria-valuetext", text);
    PART_NAMES.forEach((part, row) => {
      this.values[row].textContent = millimetres(this.pair.errors.parts[part][frame]);
    });
  }

  repaint(): void {
    const { clientWidth: width, clientHeight: height } = this.bands;
    const pen = this.bands.getContext("2d");
    if (!pen || !width) return;
    const ratio = Math.min(devicePixelRatio, 2);
    this.bands.width = width * ratio;
    this.bands.height = height * ratio;
    pen.scale(ratio, ratio);
    const perFrame = width / this.pair.query.frameCount;
    PART_NAMES.forEach((part, row) => {
      const top = row * (ROW_PX + GAP_PX);
      this.pair.errors.parts[part].forEach((value, frame) => {
        pen.fillStyle = cssColour(errorColour(value, theme()));
        pen.fillRect(frame * perFrame, top, perFrame + 0.6, ROW_PX);
      });
      pen.strokeStyle = getComputedStyle(this.root).color;
      pen.lineWidth = 1.5;
      for (const found of this.pair.data.differences.filter((each) => each.part === part)) {
        const length = (found.end_frame - found.start_frame) * perFrame;
        pen.strokeRect(found.start_frame * perFrame + 1, top + 1, length - 2, ROW_PX - 2);
      }
    });
    for (const line of this.root.querySelectorAll<HTMLElement>(".swatch"))
      line.style.background = cssColour(errorColour(Number(line.dataset.mm), theme()));
  }

  /** Sets the start (s) or the end (e) of the part at a frame, or searches for it (Enter). */
  key(key: string, frame: number): boolean {
    const [startS, endS] = this.part?.part ?? [null, null];
    if (!this.part) return false;
    if (key === "s") this.part.show(this.pair.query.timeS(frame), endS);
    else if (key === "e") this.part.show(startS, this.pair.query.timeS(frame));
    else if (key === "Enter") this.searchPart.click();
    else return false;
    this.offer();
    return true;
  }

  dispose(): void {
    this.resized.disconnect();
    this.part?.dispose();
  }

  private chosen(wholeStartS: number, wholeEndS: number): [number, number] {
    const [startS, endS] = this.part?.part ?? [null, null];
    return [startS ?? wholeStartS, endS ?? wholeEndS];
  }

  private offer(): void {
    this.searchPart.disabled = !this.part || this.part.part.every((value) => value === null);
  }

  private mark(key: KeyFrame, last: number, onSeek: (frame: number) => void): HTMLButtonElement {
    const what = key.kind === "farthest" ? "Farthest apart" : "Nearest";
    const label = `${what} at ${seconds(this.pair.query.timeS(key.query_frame))}: ${partName(key.part)} ${millimetres(key.part_distance_mm)}`;
    const made = button("", () => onSeek(key.query_frame), { class: key.kind, "aria-label": label, title: label });
    made.style.left = `${(100 * (key.query_frame + 0.5)) / (last + 1)}%`;
    return made;
  }

  private ticks(last: number): HTMLElement[] {
    const count = Math.min(6, last + 1);
    return Array.from({ length: count }, (_, at) => {
      const frame = Math.round((last * at) / Math.max(count - 1, 1));
      return element("span", {}, seconds(this.pair.query.timeS(frame)));
    });
  }
}

function legend(): HTMLElement {
  const swatches = LEGEND_MM.map((mm, at) => {
    const swatch = element("i", { class: "swatch", "data-mm": String(mm) });
    const text = at === 0 ? `up to ${mm} mm` : at === LEGEND_MM.length - 1 ? `${mm} mm or more` : `${mm} mm`;
    return element("span", {}, swatch, text);
  });
  const marks = [
    element("span", {}, element("i", { class: "farthest" }), "farthest apart"),
    element("span", {}, element("i", { class: "nearest" }), "nearest"),
  ];
  return element("p", { class: "legend" }, ...swatches, ...marks);
}
