/** Hits as moving bodies next to the query, all started at the moment that is alike. */

import { partBars, spoken } from "./bars";
import { Body } from "./body";
import { cameraChoice } from "./cameras";
import { Clock } from "./clock";
import { element, toggle } from "./dom";
import { Grid, Track } from "./ground";
import type { Library, Pair } from "./library";
import type { Motion } from "./motion";
import { Player } from "./player";
import { Stage } from "./stages";
import { breakable, fileName, seconds, span } from "./text";
import { theme } from "./theme";
import type { View } from "./view";
import { turnByDragging, Viewpoint } from "./viewpoint";

const PAUSE_AT_END_S = 0.4;
/** While it plays, the time is written less often than bodies are drawn: laying out text takes as long as ten of them. */
const SHOWN_EVERY_S = 0.05;

interface Tile {
  root: HTMLElement;
  stage: Stage;
  body: Body;
  track: Track;
  ground: Grid;
  pair: Pair | null;
}

export class HitGrid implements View {
  readonly root: HTMLElement;
  readonly clock: Clock;
  readonly alone = new Clock(0);
  private readonly tiles: Tile[];
  private readonly player: Player;
  private readonly viewpoint = new Viewpoint();
  private readonly scrubber: HTMLInputElement;
  private readonly time = element("output", { class: "time" });
  /** All bodies are shown at one scale. */
  private readonly reach: number;
  private follows = true;
  private inStep = false;
  /** What plays alone by that clock. */
  private lone: Motion | null = null;
  private showsErrors = false;

  constructor(
    private readonly library: Library,
    private readonly onOpen: (at: number) => void,
    private readonly actions: (pair: Pair) => HTMLElement | null = () => null,
  ) {
    const shown = [library.query, ...library.pairs.map((pair) => pair.other)];
    const longest = Math.max(...shown.map((motion) => motion.durationS));
    this.reach = Math.max(...shown.map((motion) => library.framing(motion).body(0, true).radius));
    this.clock = new Clock(longest + PAUSE_AT_END_S);
    this.clock.onChange = () => this.refresh();
    this.player = new Player(this.clock, library.data.fps);
    this.scrubber = element("input", {
      type: "range",
      class: "scrubber",
      min: "0",
      max: String(this.clock.durationS),
      step: "0.01",
      value: "0",
      "aria-label": "Time since the moment begins",
    });
    this.scrubber.addEventListener("input", () => {
      const timeS = Number(this.scrubber.value); // before the clock moves the scrubber back
      this.clock.pause();
      this.clock.seek(timeS);
    });
    this.tiles = [this.tile(library.query, null), ...library.pairs.map((pair) => this.tile(pair.other, pair))];
    this.root = element(
      "div",
      { class: "grid-view" },
      this.controls(),
      element("ul", { class: "tiles", "aria-label": "The query and its hits" }, ...this.tiles.map((tile) => tile.root)),
    );
    this.repaint();
    this.refresh();
  }

  get stages(): Stage[] {
    return this.tiles.map((tile) => tile.stage);
  }

  repaint(): void {
    for (const { body, ground } of this.tiles) {
      body.paintSides(theme());
      ground.paint(theme());
    }
  }

  key(key: string): boolean {
    if (key === "ArrowLeft" || key === "ArrowRight") this.player.step(key === "ArrowLeft" ? -1 : 1);
    else return false;
    return true;
  }

  /** Puts the focus on a hit's tile. */
  focus(at: number): void {
    this.tiles[at + 1]?.root.querySelector("button")?.focus({ preventScroll: false });
  }

  /** The hit whose tile has the focus; -1 for none. */
  get focused(): number {
    return this.tiles.slice(1).findIndex(({ root }) => root.contains(document.activeElement));
  }

  dispose(): void {
    for (const { body, track, ground } of this.tiles) {
      body.dispose();
      track.dispose();
      ground.dispose();
    }
  }

  private controls(): HTMLElement {
    return element(
      "div",
      { class: "controls", role: "group", "aria-label": "Playing" },
      this.player.root,
      this.scrubber,
      this.time,
      cameraChoice(this.viewpoint),
      toggle("Follow", this.follows, (on) => {
        this.follows = on;
      }),
      toggle("In step with the query", this.inStep, (on) => {
        this.inStep = on;
      }),
      toggle("Colour by distance", this.showsErrors, (on) => {
        this.showsErrors = on;
        this.repaint();
      }),
    );
  }

  private refresh(): void {
    this.player.refresh();
    const { playing, timeS } = this.clock;
    if (playing && Math.abs(timeS - Number(this.scrubber.value)) < SHOWN_EVERY_S) return;
    this.scrubber.value = String(this.clock.timeS);
    this.scrubber.setAttribute("aria-valuetext", seconds(this.clock.timeS));
    this.time.textContent = seconds(this.clock.timeS);
  }

  private tile(motion: Motion, pair: Pair | null): Tile {
    const body = new Body(motion, pair ? "other" : "query", "small");
    const track = new Track(motion, pair ? "other" : "query");
    const ground = new Grid();
    const place = element("div", { class: "stage" });
    const stage = new Stage(place, this.viewpoint, body.object, track.object, ground.object);
    const framing = this.library.framing(motion);
    stage.update = () => {
      const frame = this.frame(motion, pair);
      body.move(frame, true);
      track.paint(frame, theme());
      stage.target = this.follows ? { ...framing.body(Math.round(frame), true), radius: this.reach } : framing.way();
      ground.moveTo(stage.target.x, stage.target.z);
      if (pair && this.showsErrors) body.paintErrors(pair.errors, this.queryFrame(pair), theme());
    };
    turnByDragging(place, this.viewpoint);
    const root = pair ? this.hit(pair, place) : this.query(motion, place);
    root.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && this.playAlone(motion));
    root.addEventListener("pointerleave", () => this.playAlone(null));
    return { root, stage, body, track, ground, pair };
  }

  /** While all are at rest, plays one of them from its start; null for none. */
  private playAlone(motion: Motion | null): void {
    this.lone = matchMedia("(prefers-reduced-motion: reduce)").matches ? null : motion;
    this.alone.durationS = (this.lone?.durationS ?? 0) + PAUSE_AT_END_S;
    this.alone.seek(0);
    this.alone.playing = this.lone !== null;
  }

  private timeS(motion: Motion): number {
    return motion === this.lone && !this.clock.playing ? this.alone.timeS : this.clock.timeS;
  }

  private frame(motion: Motion, pair: Pair | null): number {
    const own = this.timeS(motion) * motion.fps;
    if (!pair || !this.inStep) return Math.min(own, motion.frameCount - 1);
    return pair.path.other(own - this.offset(pair));
  }

  /** The frame of the query that answers to what is shown of a hit. */
  private queryFrame(pair: Pair): number {
    const own = Math.round(this.timeS(pair.other) * pair.other.fps);
    if (this.inStep) return Math.min(Math.max(own - Math.round(this.offset(pair)), 0), pair.query.frameCount - 1);
    return pair.path.query(Math.min(own, pair.other.frameCount - 1));
  }

  /** Frames of the query before the part that the hit is like. */
  private offset(pair: Pair): number {
    return (pair.query.data.start_s - this.library.query.data.start_s) * pair.query.fps;
  }

  /** Which part of a long query the hit is like; "" for all of it. */
  private matched({ query }: Pair): string {
    if (query.frameCount === this.library.query.frameCount) return "";
    return `like ${span(query.timeS(0), query.timeS(query.frameCount))} of the query`;
  }

  private query(motion: Motion, place: HTMLElement): HTMLElement {
    const { name } = motion.data;
    return element(
      "li",
      { class: "tile query" },
      place,
      element(
        "div",
        { class: "caption" },
        element("span", { class: "rank" }, "Query"),
        element("span", { class: "name", title: name }, ...breakable(fileName(name) || "motion")),
        element("span", { class: "about" }, about(motion)),
      ),
    );
  }

  private hit(pair: Pair, place: HTMLElement): HTMLElement {
    const { data, other } = pair;
    const made = element(
      "button",
      { type: "button" },
      place,
      element(
        "span",
        { class: "caption" },
        element("span", { class: "rank" }, spoken("Hit "), String(data.rank)),
        element("span", { class: "remark" }, pair.query.data.remark),
        element(
          "span",
          { class: "score", title: "Score: 1 is the same motion" },
          spoken("score "),
          (data.score ?? 0).toFixed(3),
        ),
        element("span", { class: "name", title: other.data.name }, ...breakable(fileName(other.data.name))),
        element("span", { class: "about" }, about(other, data.label, this.matched(pair))),
        partBars(pair),
      ),
    );
    made.addEventListener("click", () => this.onOpen(this.library.pairs.indexOf(pair)));
    return element("li", { class: "tile" }, made, this.actions(pair));
  }
}

function about(motion: Motion, label: string | null = null, matched = ""): string {
  const when = span(motion.timeS(0), motion.timeS(motion.frameCount));
  return [when, label, matched].filter(Boolean).join(" · ");
}
