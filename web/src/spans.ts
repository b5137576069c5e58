/** A bar over the time of a motion on which a part of it is chosen: by drawing, or by moving its two ends. */

import { element } from "./dom";
import { seconds } from "./text";

const SHORTEST_S = 0.2;
const STEP_S = 0.01;
const NEAR_PX = 9;

export class SpanBar {
  readonly root: HTMLElement;
  private readonly picture = element("canvas", { "aria-hidden": "true" });
  private readonly chosen = element("div", { class: "chosen" });
  private readonly start: HTMLInputElement;
  private readonly end: HTMLInputElement;
  private readonly resized = new ResizeObserver(() => this.repaint());
  private curve: Float32Array | null = null;

  /**
   * `fromS` to `toS`: the time that the bar covers. `onChange` is called with a part that has been chosen, null for all.
   */
  constructor(
    name: string,
    private readonly fromS: number,
    private readonly toS: number,
    private readonly onChange: (startS: number | null, endS: number | null) => void,
  ) {
    const end = (label: string, value: number) =>
      element("input", {
        type: "range",
        min: String(fromS),
        max: String(toS),
        step: String(STEP_S),
        value: String(value),
        "aria-label": `${label} ${name}`,
      });
    this.start = end("Start of", fromS);
    this.end = end("End of", toS);
    this.start.addEventListener("input", () => this.limit(this.start));
    this.end.addEventListener("input", () => this.limit(this.end));
    for (const input of [this.start, this.end]) input.addEventListener("change", () => this.tell());
    this.root = element("div", { class: "span-bar" }, this.picture, this.chosen, this.start, this.end);
    this.root.addEventListener("pointerdown", (event) => this.draw(event));
    this.resized.observe(this.root);
    this.show(null, null);
  }

  /** The part that is chosen; null for the start or the end of all. */
  get part(): [number | null, number | null] {
    const [startS, endS] = [Number(this.start.value), Number(this.end.value)];
    return [startS > this.fromS + STEP_S ? startS : null, endS < this.toS - STEP_S ? endS : null];
  }

  show(startS: number | null, endS: number | null): void {
    this.start.value = String(startS ?? this.fromS);
    this.end.value = String(endS ?? this.toS);
    this.refresh();
  }

  /** Draws a curve over the time: how much the body moves. */
  draws(curve: Float32Array): void {
    this.curve = curve;
    this.repaint();
  }

  repaint(): void {
    const { clientWidth: width, clientHeight: height } = this.picture;
    const pen = this.picture.getContext("2d");
    if (!pen || !width) return;
    const ratio = Math.min(devicePixelRatio, 2);
    this.picture.width = width * ratio;
    this.picture.height = height * ratio;
    if (!this.curve?.length) return;
    const { curve } = this;
    const highest = curve.reduce((most, value) => Math.max(most, value), 1e-6);
    pen.scale(ratio, ratio);
    pen.fillStyle = getComputedStyle(this.root).color;
    for (let x = 0; x < width; x++) {
      const place = (x / width) * (curve.length - 1);
      const [before, after] = [curve[Math.floor(place)], curve[Math.ceil(place)]];
      const value = before + (place % 1) * (after - before);
      const tall = Math.max((value / highest) * (height - 6), 1);
      pen.fillRect(x, height - tall, 1, tall);
    }
  }

  dispose(): void {
    this.resized.disconnect();
  }

  private draw(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    const before = [this.start.value, this.end.value];
    const edge = this.nearEnd(event.clientX);
    const fixedS = edge ? Number((edge === this.start ? this.end : this.start).value) : this.at(event.clientX);
    (edge ?? this.start).focus({ preventScroll: true });
    this.root.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent) => {
      const hereS = this.at(moved.clientX);
      this.show(Math.min(fixedS, hereS), Math.max(fixedS, hereS));
    };
    const stop = () => {
      this.root.removeEventListener("pointermove", move);
      this.root.removeEventListener("pointerup", stop);
      this.root.removeEventListener("pointercancel", stop);
      if (Number(this.end.value) - Number(this.start.value) >= SHORTEST_S) this.tell();
      else this.show(Number(before[0]), Number(before[1])); // a click, not a part
    };
    this.root.addEventListener("pointermove", move);
    this.root.addEventListener("pointerup", stop);
    this.root.addEventListener("pointercancel", stop);
  }

  /** The end of the part that is taken hold of. */
  private nearEnd(clientX: number): HTMLInputElement | null {
    const { left, width } = this.root.getBoundingClientRect();
    const far = (input: HTMLInputElement) =>
      Math.abs(left + (width * (Number(input.value) - this.fromS)) / (this.toS - this.fromS) - clientX);
    const [start, end] = [far(this.start), far(this.end)];
    if (Math.min(start, end) > NEAR_PX) return null;
    return start < end ? this.start : this.end;
  }

  private at(clientX: number): number {
    const { left, width } = this.root.getBoundingClientRect();
    const part = Math.min(Math.max((clientX - left) / width, 0), 1);
    return this.fromS + part * (this.toS - this.fromS);
  }

  private limit(moved: HTMLInputElement): void {
    const [startS, endS] = [Number(this.start.value), Number(this.end.value)];
    if (moved === this.start) this.start.value = String(Math.min(startS, endS - SHORTEST_S));
    else this.end.value = String(Math.max(endS, startS + SHORTEST_S));
    this.refresh();
  }

  private tell(): void {
    this.onChange(...this.part);
  }

  private refresh(): void {
    const percent = (value: string) => (100 * (Number(value) - this.fromS)) / (this.toS - this.fromS);
    this.chosen.style.left = `${percent(this.start.value)}%`;
    this.chosen.style.right = `${100 - percent(this.end.value)}%`;
    for (const input of [this.start, this.end]) input.setAttribute("aria-valuetext", seconds(Number(input.value)));
    this.root.classList.toggle(
      "whole",
      this.part.every((value) => value === null),
    );
  }
}
