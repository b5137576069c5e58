/** The map of the library: each clip a point near those that move like it, coloured by a label; under the pointer, it moves. */

import { Body } from "../body";
import { Clock } from "../clock";
import { button, element } from "../dom";
import { Framing } from "../framing";
import { Grid } from "../ground";
import type { Motion } from "../motion";
import { Stage } from "../stages";
import { theme } from "../theme";
import type { View } from "../view";
import { Viewpoint } from "../viewpoint";
import { Scatter } from "./scatter";

/** Those of `mretrieve map`, see mretrieve/maps/library_map.py: by number of clips; then grey. */
const COLOURS = (
  "#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9 #7b5aa6 #8c6d31 #1b4f72 #a93226 " +
  "#5b8c5a #e377c2 #b7950b #17becf #5f6caf #e08283 #3d9970 #c39bd3 #a04000 #85c1e9"
).split(" ");
const OTHERS = "#9aa0a6";
const MOVING = "Wheel: nearer. Drag: move.";
const ENCIRCLING = "Shift and drag: search only the clips inside.";

export interface MapClip {
  clip: string;
  place: [number, number];
  labels: Record<string, string | null>;
}

/** What a page that can search does. */
export interface MapEvents {
  onChoose: (clip: string) => void;
  /** Only some clips are to be searched. */
  onOnly: (clips: string[]) => void;
}

export class MapView implements View {
  readonly root: HTMLElement;
  readonly clock = new Clock(0);
  private readonly scatter: Scatter;
  private readonly legend = element("ul", { class: "map-legend", "aria-label": "Colours" });
  private readonly card: HTMLElement;
  private readonly place = element("div", { class: "stage" });
  private readonly name = element("p", {});
  private readonly column: HTMLSelectElement;
  private readonly viewpoint = new Viewpoint();
  private readonly ground = new Grid();
  private body: Body | null = null;
  private stage: Stage;
  private hovered = -1;
  /** Colours of clips that are not shown. */
  private readonly hidden = new Set<string>();
  private query: [number, number] | null = null;
  /** Called if a body is shown or no longer. */
  onArrange: () => void = () => {};

  /**
   * `load`: the motion of a clip by its place in the list, null if it cannot be shown. `marked`: the clips of the hits.
   * `events`: null on a page that cannot search.
   */
  constructor(
    private readonly clips: MapClip[],
    private readonly load: (at: number) => Promise<Motion | null>,
    private readonly marked: Set<string> = new Set(),
    events: MapEvents | null = null,
  ) {
    const columns = [...new Set(clips.flatMap((clip) => Object.keys(clip.labels)))];
    this.column = element("select", {}, ...columns.map((name) => element("option", { value: name }, name)));
    this.column.addEventListener("change", () => {
      this.hidden.clear();
      this.repaint();
    });
    this.scatter = new Scatter(`Map of ${clips.length} clips${events ? "; the field above finds them by name" : ""}`);
    this.scatter.onHover = (at, x, y) => void this.hover(at, x, y);
    this.scatter.onClick = (at) => events?.onChoose(clips[at].clip);
    this.scatter.onEncircle = (chosen) => events?.onOnly(chosen.map((at) => clips[at].clip));
    this.card = element("div", { class: "map-card" }, this.place, this.name);
    this.card.hidden = true;
    this.stage = new Stage(this.place, this.viewpoint, this.ground.object);
    this.root = element(
      "div",
      { class: "map-view" },
      element(
        "div",
        { class: "controls" },
        columns.length > 1
          ? element("label", {}, element("span", {}, "Colour by"), this.column)
          : element("p", { class: "hint" }, columns.length ? `Coloured by ${columns[0]}` : ""),
        button("Whole map", () => this.scatter.reset()),
        element("p", { class: "hint" }, events ? `Click a clip to search for it. ${MOVING} ${ENCIRCLING}` : MOVING),
      ),
      element("div", { class: "map-place" }, this.scatter.root, this.card),
      this.legend,
    );
    this.repaint();
  }

  get stages(): Stage[] {
    return this.body ? [this.stage] : [];
  }

  /** Where the query belongs; null if nothing is known of that. */
  showQuery(place: [number, number] | null): void {
    this.query = place;
    this.repaint();
  }

  repaint(): void {
    const counts = new Map<string, number>();
    for (const clip of this.clips) {
      const label = this.labelOf(clip);
      if (label) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    const ranked = [...counts].sort(([a, some], [b, more]) => more - some || (a < b ? -1 : 1));
    const labels = ranked.slice(0, ranked.length <= COLOURS.length ? COLOURS.length : COLOURS.length - 1);
    const colours = new Map(labels.map(([label], at) => [label, COLOURS[at]]));
    this.scatter.show(
      this.clips.map((clip) => {
        const colour = colours.get(this.labelOf(clip) ?? "") ?? OTHERS;
        const isHidden = this.hidden.has(colour);
        return { x: clip.place[0], y: clip.place[1], colour, isMarked: this.marked.has(clip.clip), isHidden };
      }),
      this.query,
    );
    const rest = this.clips.length - labels.reduce((sum, [, count]) => sum + count, 0);
    const rows: [string, string, number][] = labels.map(([label, count], at) => [label, COLOURS[at], count]);
    if (rest) rows.push([labels.length ? "others" : "clips", OTHERS, rest]);
    this.legend.replaceChildren(...rows.map(([label, colour, count]) => this.legendRow(label, colour, count)));
    this.ground.paint(theme());
    this.body?.paintSides(theme());
  }

  key(): boolean {
    return false;
  }

  dispose(): void {
    this.scatter.dispose();
    this.ground.dispose();
    this.body?.dispose();
  }

  private labelOf(clip: MapClip): string | null {
    return clip.labels[this.column.value] ?? null;
  }

  private async hover(at: number, x: number, y: number): Promise<void> {
    if (at === this.hovered) return;
    this.hovered = at;
    this.put(null);
    this.card.hidden = at < 0;
    if (at < 0) return;
    const clip = this.clips[at];
    this.name.textContent = [clip.clip, this.labelOf(clip)].filter(Boolean).join(" · ");
    const { clientWidth: width, clientHeight: height } = this.scatter.root;
    this.card.style.left = `${Math.min(x + 16, width - this.card.offsetWidth)}px`;
    this.card.style.top = `${Math.min(y + 16, height - this.card.offsetHeight)}px`;
    const motion = await this.load(at);
    if (motion && this.hovered === at) this.put(motion);
  }

  /** A colour, what it means, and the number of its clips; a click hides them, another one shows them again. */
  private legendRow(label: string, colour: string, count: number): HTMLElement {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = colour;
    const isShown = !this.hidden.has(colour);
    const made = button("", () => this.toggle(colour), { class: "quiet", "aria-pressed": String(isShown) });
    made.append(swatch, label, element("span", { class: "count" }, String(count)));
    return element("li", {}, made);
  }

  private toggle(colour: string): void {
    if (!this.hidden.delete(colour)) this.hidden.add(colour);
    const at = [...this.legend.children].findIndex((row) => row.contains(document.activeElement));
    this.repaint();
    this.legend.children[at]?.querySelector("button")?.focus();
  }

  /** Shows a body in the card, or none. */
  private put(motion: Motion | null): void {
    if (this.body) {
      this.stage.scene.remove(this.body.object);
      this.body.dispose();
      this.body = null;
    }
    if (motion) {
      const body = new Body(motion, "other", "small");
      const framing = new Framing(motion);
      body.paintSides(theme());
      this.stage.scene.add(body.object);
      this.stage.update = () => {
        const frame = Math.min(this.clock.timeS * motion.fps, motion.frameCount - 1);
        body.move(frame, true);
        this.stage.target = framing.body(Math.round(frame), true);
        this.ground.moveTo(this.stage.target.x, this.stage.target.z);
      };
      this.body = body;
      this.clock.durationS = motion.durationS;
      this.clock.timeS = 0;
      this.clock.play();
    } else this.clock.pause();
    this.onArrange();
  }
}
