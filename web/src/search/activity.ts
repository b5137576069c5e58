/** How much a body moves over time. */

import { readFloat16 } from "../motion";
import type { WholeMotion } from "./service";

const AXES = 3;

/** Mean metres that a joint moves from each frame to the next, relative to the pelvis, and the pelvis itself. */
export function activity({ joints, frameCount }: WholeMotion): Float32Array {
  const values = readFloat16(joints);
  const size = values.length / Math.max(frameCount, 1);
  const rows = size / AXES - 1; // the last row is what rounding took from the pelvis
  return Float32Array.from({ length: frameCount }, (_, frame) => {
    const [here, before] = [size * Math.max(frame, 1), size * (Math.max(frame, 1) - 1)];
    if (frameCount < 2) return 0;
    let sum = 0;
    for (let at = 0; at < AXES * rows; at += AXES)
      sum += Math.hypot(
        values[here + at] - values[before + at],
        values[here + at + 1] - values[before + at + 1],
        values[here + at + 2] - values[before + at + 2],
      );
    return sum / rows;
  });
}
