/** How far apart the joints of two aligned motions are, by frame of the query. */

import { decodeFloat16 } from "./motion";
import { JOINT_COUNT, PART_NAMES, PARTS, type Part } from "./skeleton";

export class JointErrors {
  private readonly millimetres: Float32Array;
  /** Mean of the joints of each part in each frame; NaN if a part is not compared. */
  readonly parts: Record<Part, Float32Array>;

  constructor(encoded: string) {
    this.millimetres = decodeFloat16(encoded);
    const frames = this.millimetres.length / JOINT_COUNT;
    const mean = (frame: number, joints: readonly number[]) => {
      const known = joints.map((joint) => this.joint(frame, joint)).filter(Number.isFinite);
      return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : Number.NaN;
    };
    this.parts = Object.fromEntries(
      PART_NAMES.map((part) => [part, Float32Array.from({ length: frames }, (_, frame) => mean(frame, PARTS[part]))]),
    ) as Record<Part, Float32Array>;
  }

  joint(frame: number, joint: number): number {
    return this.millimetres[JOINT_COUNT * frame + joint];
  }
}
