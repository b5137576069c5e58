/** Two motions, side by side or overlaid, in step by their warping path, above their distances over time. */

import { Body } from "./body";
import { cameraChoice } from "./cameras";
import { Clock } from "./clock";
import { Choice, element, toggle } from "./dom";
import { facts } from "./facts";
import { widest } from "./framing";
import { Grid, Track } from "./ground";
import type { Library, Pair } from "./library";
import type { Motion } from "./motion";
import { Player } from "./player";
import { Stage } from "./stages";
import { seconds } from "./text";
import { theme } from "./theme";
import { Timeline } from "./timeline";
import type { View } from "./view";
import { turnByDragging, Viewpoint } from "./viewpoint";

type Layout = "side" | "over";

export interface PairNames {
  query: string;
  other: string;
}

/** What a page that can search adds. */
export interface PairExtras {
  actions: HTMLElement | null;
  /** Searches for a part of the query, in seconds of its file. */
  onPart: ((startS: number, endS: number) => void) | null;
}

interface Side {
  motion: Motion;
  body: Body;
  track: Track;
  ground: Grid;
  stage: Stage;
  figure: HTMLElement;
  time: HTMLElement;
}

export class PairView implements View {
  readonly root: HTMLElement;
  readonly clock: Clock;
  private readonly sides: [Side, Side];
  private readonly viewpoint = new Viewpoint();
  private readonly player: Player;
  private readonly timeline: Timeline;
  private readonly layouts: Choice<Layout>;
  private readonly travelBox: HTMLLabelElement;
  private layout: Layout = "side";
  private follows = true;
  private travels = true;
  private showsErrors = true;

  constructor(
    private readonly library: Library,
    private readonly pair: Pair,
    names: PairNames,
    extras: PairExtras = { actions: null, onPart: null },
  ) {
    this.clock = new Clock(pair.query.durationS);
    this.clock.onChange = () => this.refresh();
    this.player = new Player(this.clock, pair.query.fps);
    this.sides = [this.side(pair.query, "query", names.query), this.side(pair.other, "other", names.other)];
    this.sides[0].stage.update = () => this.update(this.layout === "over" ? this.sides : [this.sides[0]]);
    this.sides[1].stage.update = () => this.update([this.sides[1]]);
    this.timeline = new Timeline(pair, (frame) => this.seek(frame), extras.onPart);
    this.layouts = new Choice<Layout>("Layout", { side: "Side by side", over: "Overlaid" }, this.layout, (layout) =>
      this.arrange(layout),
    );
    this.travelBox = toggle("Travel", this.travels, (on) => this.travel(on));
    this.root = element(
      "div",
      { class: "pair-view" },
      element("div", { class: "bodies" }, ...this.sides.map((side) => side.figure)),
      facts(pair, extras.actions, (frame) => this.seek(frame)),
      this.controls(),
      this.timeline.root,
    );
    this.repaint();
    this.refresh();
  }

  get stages(): Stage[] {
    return this.layout === "over" ? [this.sides[0].stage] : this.sides.map((side) => side.stage);
  }

  /** Called if the layout has changed, and with it the stages. */
  onArrange: () => void = () => {};

  repaint(): void {
    for (const { body, ground } of this.sides) {
      body.paintSides(theme());
      ground.paint(theme());
    }
    this.timeline.repaint();
  }

  key(key: string): boolean {
    if (key === "ArrowLeft" || key === "ArrowRight") this.player.step(key === "ArrowLeft" ? -1 : 1);
    else if (key === "o") this.arrange(this.layout === "side" ? "over" : "side");
    else return this.timeline.key(key, Math.round(this.frame));
    return true;
  }

  dispose(): void {
    this.timeline.dispose();
    for (const { body, track, ground } of this.sides) {
      body.dispose();
      track.dispose();
      ground.dispose();
    }
  }

  /** The frame of the query that is shown, not rounded while it plays. */
  private get frame(): number {
    return Math.min(this.clock.timeS * this.pair.query.fps, this.pair.query.frameCount - 1);
  }

  private seek(frame: number): void {
    this.clock.pause();
    this.clock.seek(frame / this.pair.query.fps);
  }

  private side(motion: Motion, role: "query" | "other", name: string): Side {
    const place = element("div", { class: "stage" });
    const time = element("output", { class: "time" });
    const [body, track, ground] = [new Body(motion, role), new Track(motion, role), new Grid()];
    const title = [name, motion.data.remark].filter(Boolean).join(", ");
    const figure = element(
      "figure",
      { class: role },
      place,
      element(
        "figcaption",
        {},
        element("i", { class: "dot", "aria-hidden": "true" }),
        element("span", { class: "role" }, title),
        element("span", { class: "name", title: motion.data.name }, motion.data.name || "motion"),
        time,
      ),
    );
    turnByDragging(place, this.viewpoint);
    place.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.viewpoint.magnify(Math.exp(-event.deltaY / 600));
      },
      { passive: false },
    );
    return {
      motion,
      body,
      track,
      ground,
      stage: new Stage(place, this.viewpoint, body.object, track.object, ground.object),
      figure,
      time,
    };
  }

  private update(shown: Side[]): void {
    const frame = this.frame;
    const queryFrame = Math.round(frame);
    for (const { body, track, ground, motion } of shown) {
      const own = motion === this.pair.query && body === this.sides[0].body ? frame : this.pair.path.other(frame);
      body.move(own, this.travels);
      track.object.visible = this.travels;
      track.paint(own, theme());
      const target = this.target(motion, own);
      ground.moveTo(target.x, target.z);
      if (this.showsErrors && body === this.sides[1].body) body.paintErrors(this.pair.errors, queryFrame, theme());
    }
    const targets = this.sides.map(({ motion, body }) =>
      this.target(motion, body === this.sides[0].body ? frame : this.pair.path.other(frame)),
    );
    if (shown.length > 1) shown[0].stage.target = widest(targets);
    else {
      const own = targets[this.sides.indexOf(shown[0])];
      shown[0].stage.target = { ...own, radius: Math.max(...targets.map((target) => target.radius)) }; // one scale for both
    }
  }

  private target(motion: Motion, frame: number) {
    const framing = this.library.framing(motion);
    return this.follows || !this.travels ? framing.body(Math.round(frame), this.travels) : framing.way();
  }

  private refresh(): void {
    const [query, other] = this.sides;
    const queryFrame = Math.round(this.frame);
    const otherFrame = this.pair.path.other(queryFrame);
    query.time.textContent = seconds(query.motion.timeS(queryFrame));
    other.time.textContent = seconds(other.motion.timeS(otherFrame));
    query.figure.dataset.frame = String(queryFrame);
    other.figure.dataset.frame = String(otherFrame);
    this.player.refresh();
    this.timeline.show(queryFrame);
  }

  private arrange(layout: Layout): void {
    const [query, other] = this.sides;
    this.layout = layout;
    this.layouts.choose(layout);
    this.root.classList.toggle("over", layout === "over");
    const scene = layout === "over" ? query.stage.scene : other.stage.scene;
    scene.add(other.body.object, other.track.object);
    this.travel(layout === "side");
    this.onArrange();
  }

  private travel(on: boolean): void {
    this.travels = on;
    this.travelBox.querySelector("input")!.checked = on;
  }

  private controls(): HTMLElement {
    return element(
      "div",
      { class: "controls", role: "group", "aria-label": "Playing" },
      this.player.root,
      this.layouts.root,
      cameraChoice(this.viewpoint),
      toggle("Follow", this.follows, (on) => {
        this.follows = on;
      }),
      this.travelBox,
      toggle("Colour by distance", this.showsErrors, (on) => {
        this.showsErrors = on;
        this.sides[1].body.paintSides(theme());
      }),
    );
  }
}
