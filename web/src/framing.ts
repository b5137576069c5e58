/** How much of the ground a motion takes, so that a camera can show the body or the whole way. */

import type { Motion } from "./motion";
import { JOINT_COUNT } from "./skeleton";
import type { Target } from "./viewpoint";

/** The top of the head is above its joint, and hands and feet are beyond theirs. */
const CROWN_M = 0.18;
const MARGIN_M = 0.2;
const SMOOTHED_S = 0.4;

export class Framing {
  private readonly height: number;
  private readonly reach: number;
  private readonly whole: Target;

  constructor(private readonly motion: Motion) {
    const low: number[] = [Infinity, 0, Infinity];
    const high: number[] = [-Infinity, 1.5, -Infinity];
    const joints = new Float32Array(3 * JOINT_COUNT);
    const still = new Float32Array(3 * JOINT_COUNT);
    let top = 1.5;
    for (let frame = 0; frame < motion.frameCount; frame++) {
      motion.pose(frame, true, joints);
      for (let at = 0; at < joints.length; at++) {
        low[at % 3] = Math.min(low[at % 3], joints[at]);
        high[at % 3] = Math.max(high[at % 3], joints[at]);
      }
      for (let at = 1; at < joints.length; at += 3) top = Math.max(top, joints[at]);
    }
    this.height = (top + CROWN_M) / 2;
    let reach = 0;
    for (let frame = 0; frame < motion.frameCount; frame++) {
      motion.pose(frame, false, still);
      for (let at = 0; at < still.length; at += 3)
        reach = Math.max(reach, Math.hypot(still[at], still[at + 1] - this.height, still[at + 2]));
    }
    this.reach = reach + MARGIN_M;
    const [x, , z] = [0, 1, 2].map((axis) => (low[axis] + high[axis]) / 2);
    const size = Math.hypot(...[0, 1, 2].map((axis) => high[axis] - low[axis])) / 2;
    this.whole = { x, y: this.height, z, radius: Math.max(size, this.reach) };
  }

  /** The body in a frame, by the mean place of its hips around then. */
  body(frame: number, travels: boolean): Target {
    if (!travels) return { x: 0, y: this.height, z: 0, radius: this.reach };
    const around = Math.round(SMOOTHED_S * this.motion.fps);
    let [x, z] = [0, 0];
    for (let near = -around; near <= around; near++) {
      const place = this.motion.place(frame + near);
      x += place[0] / (2 * around + 1);
      z += place[1] / (2 * around + 1);
    }
    return { x, y: this.height, z, radius: this.reach };
  }

  /** The whole way. */
  way(): Target {
    return this.whole;
  }
}

/** A target that shows several. */
export function widest(targets: Target[]): Target {
  const middle = (axis: "x" | "y" | "z") => targets.reduce((sum, target) => sum + target[axis], 0) / targets.length;
  const [x, y, z] = [middle("x"), middle("y"), middle("z")];
  const radius = Math.max(
    ...targets.map((target) => Math.hypot(target.x - x, target.y - y, target.z - z) + target.radius),
  );
  return { x, y, z, radius };
}
