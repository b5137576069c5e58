/** Buttons of a clock: play and pause, single frames, speed. */

import { type Clock, SPEEDS } from "./clock";
import { button, element } from "./dom";

const PLAY = "M6 4l12 8-12 8z";
const PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";
const BACK = "M18 5v14l-9-7zM6 5h2v14H6z";
const ON = "M6 5v14l9-7zM16 5h2v14h-2z";

export class Player {
  readonly root: HTMLElement;
  private readonly play: HTMLButtonElement;
  private readonly icon = icon(PLAY);

  constructor(
    private readonly clock: Clock,
    private readonly fps: number,
  ) {
    this.play = button("", () => clock.toggle(), { class: "primary" });
    this.play.append(this.icon);
    const back = button("", () => this.step(-1), { "aria-label": "One frame back", title: "One frame back (←)" });
    const on = button("", () => this.step(1), { "aria-label": "One frame on", title: "One frame on (→)" });
    back.append(icon(BACK));
    on.append(icon(ON));
    const speed = element(
      "select",
      { "aria-label": "Speed" },
      ...SPEEDS.map((value) => element("option", { value: String(value) }, `${value}×`)),
    );
    speed.value = String(clock.speed);
    speed.addEventListener("change", () => {
      clock.speed = Number(speed.value);
    });
    this.root = element("div", { class: "player" }, this.play, back, on, speed);
    this.refresh();
  }

  refresh(): void {
    const label = this.clock.playing ? "Pause" : "Play";
    if (this.play.getAttribute("aria-label") === label) return;
    this.play.setAttribute("aria-label", label);
    this.play.title = `${label} (space)`;
    this.icon.firstElementChild!.setAttribute("d", this.clock.playing ? PAUSE : PLAY);
  }

  step(frames: number): void {
    this.clock.pause();
    const frame = Math.round(this.clock.timeS * this.fps) + frames;
    this.clock.seek(Math.min(Math.max(frame, 0) / this.fps, this.clock.durationS - 0.5 / this.fps));
  }
}

function icon(path: string): SVGSVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  made.append(shape);
  return made;
}
