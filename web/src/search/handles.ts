/** Handles on the joints of a body that is posed: they are dragged, or moved with the arrow keys. */

import { Vector3 } from "three";
import { element } from "../dom";
import type { Stage } from "../stages";
import { at, MOVABLE, type Pose } from "./bending";

const STEP_PX = 8;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-STEP_PX, 0],
  ArrowRight: [STEP_PX, 0],
  ArrowUp: [0, -STEP_PX],
  ArrowDown: [0, STEP_PX],
};

export class Handles {
  private readonly handles: [number, HTMLButtonElement][];

  constructor(
    private readonly stage: Stage,
    private readonly pose: Pose,
    private readonly onMove: (joint: number, to: Vector3) => void,
  ) {
    this.handles = MOVABLE.map(([joint, name]) => [joint, this.handle(joint, name)]);
    stage.element.append(...this.handles.map(([, handle]) => handle));
  }

  /** Puts the handles on their joints. */
  place(): void {
    const { clientWidth: width, clientHeight: height } = this.stage.element;
    for (const [joint, handle] of this.handles) {
      const seen = this.seen(joint);
      handle.style.transform = `translate(${(width * (1 + seen.x)) / 2}px, ${(height * (1 - seen.y)) / 2}px)`;
    }
  }

  set hidden(isHidden: boolean) {
    for (const [, handle] of this.handles) handle.hidden = isHidden;
  }

  /** Where a joint is seen: from -1 to 1, x to the right and y up. */
  private seen(joint: number): Vector3 {
    this.stage.camera.updateMatrixWorld();
    return at(this.pose, joint).project(this.stage.camera);
  }

  private handle(joint: number, name: string): HTMLButtonElement {
    const made = element("button", { type: "button", class: "handle", "aria-label": `Move the ${name}`, title: name });
    made.addEventListener("pointerdown", (event) => {
      event.stopPropagation(); // the stage is not turned
      made.setPointerCapture(event.pointerId);
    });
    made.addEventListener("pointermove", (event) => {
      if (!made.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const box = this.stage.element.getBoundingClientRect();
      this.drag(joint, event.clientX - box.left, event.clientY - box.top);
    });
    made.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      const { clientWidth: width, clientHeight: height } = this.stage.element;
      const seen = this.seen(joint);
      this.drag(joint, (width * (1 + seen.x)) / 2 + step[0], (height * (1 - seen.y)) / 2 + step[1]);
    });
    return made;
  }

  /** Moves a joint to a place on the stage in pixels, as far from the camera as it is. */
  private drag(joint: number, x: number, y: number): void {
    const { clientWidth: width, clientHeight: height } = this.stage.element;
    const seen = this.seen(joint);
    this.onMove(joint, new Vector3((2 * x) / width - 1, 1 - (2 * y) / height, seen.z).unproject(this.stage.camera));
  }
}
