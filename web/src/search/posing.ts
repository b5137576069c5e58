/** Searching by posing a body: one pose, or several with times, as from this to this. */

import { Body } from "../body";
import { Clock } from "../clock";
import { button, element } from "../dom";
import { Grid } from "../ground";
import { Motion, SOLE_M } from "../motion";
import { JOINT_COUNT } from "../skeleton";
import { Stage } from "../stages";
import { theme } from "../theme";
import type { View } from "../view";
import { turnByDragging, Viewpoint } from "../viewpoint";
import { move, type Pose, standing } from "./bending";
import { Handles } from "./handles";
import { FPS, fromText, type KeyPose, poseAt, toText } from "./keyposes";

const TARGET = { x: 0, y: 0.85, z: 0, radius: 1.25 };
const STEP_S = 1;
const LONGEST_S = 60;

export interface PosingEvents {
  onSearch: (poses: string) => void;
  /** The pose of a clip at a time, as `walk.bvh@3.2` names it, or why it cannot be read. */
  onLoad: (moment: string) => Promise<Pose | string>;
}

export class PosingView implements View {
  readonly root: HTMLElement;
  readonly clock = new Clock(0);
  readonly stages: Stage[];
  readonly isStill = true;
  /** The pose that is shown, in place. */
  private readonly shown: Pose = standing();
  private readonly keys: KeyPose[];
  private current = 0;
  private readonly viewpoint = new Viewpoint();
  private readonly ground = new Grid();
  private readonly body: Body;
  private readonly handles: Handles;
  private readonly list = element("ol", { class: "key-poses", "aria-label": "Key poses" });
  private readonly search = button("", () => this.events.onSearch(toText(this.sorted())), { class: "primary" });
  private readonly play = button("Play", () => this.clock.toggle());

  /** `poses`: those that were searched for before, as text. */
  constructor(
    poses: string,
    private readonly events: PosingEvents,
  ) {
    const before = fromText(poses);
    this.keys = before.length ? before : [{ timeS: 0, pose: standing() }];
    const place = element("div", { class: "stage", role: "group", "aria-label": "The body" });
    const facts = {
      name: "",
      remark: "",
      start_s: 0,
      frame_count: 1,
      seen: Array(JOINT_COUNT).fill(true) as boolean[],
    };
    this.body = new Body(new Motion(facts, FPS, this.shown, Float32Array.of(0, -SOLE_M, 0, 0)), "query");
    this.stages = [new Stage(place, this.viewpoint, this.body.object, this.ground.object)];
    const [stage] = this.stages;
    stage.target = TARGET;
    this.handles = new Handles(stage, this.shown, (joint, to) => {
      this.clock.pause();
      move(this.keys[this.current].pose, joint, to);
    });
    stage.update = () => {
      const isPlaying = this.clock.playing;
      this.shown.set(isPlaying ? poseAt(this.sorted(), this.clock.timeS) : this.keys[this.current].pose);
      this.body.move(0, false);
      this.handles.hidden = isPlaying;
      this.handles.place();
    };
    this.clock.onChange = () => {
      this.play.textContent = this.clock.playing ? "Stop" : "Play";
    };
    turnByDragging(place, this.viewpoint);
    this.root = element(
      "section",
      { class: "posing", "aria-label": "Pose a body" },
      place,
      element(
        "div",
        { class: "side" },
        this.search,
        element("h2", {}, "Key poses"),
        this.list,
        element(
          "div",
          { class: "buttons" },
          button("Add a pose", () => this.add()),
          this.play,
          button("Stand", () => this.set(standing())),
        ),
        this.loader(),
        element(
          "p",
          { class: "hint" },
          "Drag the points: hands and feet bend their limbs, knees and elbows turn around them, the hips move over the " +
            "feet. Drag beside the body to turn it. With several poses the movement between them is searched for.",
        ),
      ),
    );
    this.refresh();
    this.repaint();
  }

  repaint(): void {
    this.body.paintSides(theme());
    this.ground.paint(theme());
  }

  key(): boolean {
    return false;
  }

  dispose(): void {
    this.body.dispose();
    this.ground.dispose();
  }

  private sorted(): KeyPose[] {
    return [...this.keys].sort((one, other) => one.timeS - other.timeS);
  }

  private set(pose: Pose): void {
    this.clock.pause();
    this.keys[this.current].pose.set(pose);
  }

  private add(): void {
    const last = this.sorted()[this.keys.length - 1];
    this.keys.push({ timeS: Math.min(last.timeS + STEP_S, LONGEST_S), pose: last.pose.slice() });
    this.choose(this.keys.length - 1);
  }

  private choose(number: number): void {
    this.clock.pause();
    this.current = number;
    this.refresh();
  }

  private refresh(): void {
    const isOne = this.keys.length === 1;
    this.list.replaceChildren(...this.keys.map((key, number) => this.row(key, number)));
    this.search.textContent = isOne ? "Search for this pose" : "Search for this movement";
    this.play.hidden = isOne;
    const times = this.keys.map(({ timeS }) => timeS);
    this.clock.durationS = Math.max(...times);
  }

  private row(key: KeyPose, number: number): HTMLElement {
    const choose = button(`Pose ${number + 1}`, () => this.choose(number), {
      "aria-pressed": String(number === this.current),
    });
    if (this.keys.length === 1) return element("li", {}, choose);
    const time = element("input", {
      type: "number",
      min: "0",
      max: String(LONGEST_S),
      step: "0.1",
      "aria-label": `Time of pose ${number + 1} in seconds`,
    });
    time.value = String(key.timeS);
    time.addEventListener("change", () => {
      key.timeS = Math.min(Math.max(Number(time.value) || 0, 0), LONGEST_S);
      this.refresh();
    });
    const remove = button(
      "×",
      () => {
        this.keys.splice(number, 1);
        this.choose(Math.min(this.current, this.keys.length - 1));
      },
      { class: "quiet", "aria-label": `Remove pose ${number + 1}` },
    );
    return element("li", {}, choose, time, element("span", {}, "s"), remove);
  }

  /** A field for the pose of a clip. */
  private loader(): HTMLElement {
    const input = element("input", { type: "text", placeholder: "walk.bvh@3.2", spellcheck: "false" });
    const said = element("p", { class: "hint", role: "status" });
    const form = element(
      "form",
      {},
      element("label", { class: "field" }, element("span", {}, "From a clip"), input),
      element("button", { type: "submit" }, "Take its pose"),
      said,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const pose = await this.events.onLoad(input.value.trim());
      said.textContent = typeof pose === "string" ? pose : "";
      if (typeof pose !== "string") this.set(pose);
    });
    return form;
  }
}
