/** What a whole motion holds: how much the body moves over time, and the body to be shown. */

import { Motion, readFloat16 } from "../motion";
import { JOINT_COUNT } from "../skeleton";
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

/** The first pose, with the pelvis above the origin and the lowest joint on the ground. */
export function firstPose({ joints }: WholeMotion): Float32Array {
  const values = readFloat16(joints).subarray(0, AXES * JOINT_COUNT);
  const pose = values.map((value, at) => (at < AXES ? 0 : value));
  const lowest = Math.min(...pose.filter((_, at) => at % AXES === 1));
  return pose.map((value, at) => (at % AXES === 1 ? value - lowest : value));
}

/** The motion for a stage. It faces as it does in its own file. */
export function played(name: string, { joints, frameCount, fps, startS }: WholeMotion): Motion {
  const values = readFloat16(joints);
  const size = values.length / Math.max(frameCount, 1);
  const pose = AXES * JOINT_COUNT;
  const poses = new Float32Array(pose * frameCount);
  const roots = new Float32Array(4 * frameCount);
  let floor = Number.POSITIVE_INFINITY;
  for (let frame = 0; frame < frameCount; frame++) {
    const here = size * frame;
    for (let at = AXES; at < pose; at++) poses[pose * frame + at] = values[here + at];
    for (let at = AXES; at < pose; at += AXES) floor = Math.min(floor, values[here + 1] + values[here + at + 1]);
    roots.set([values[here] - values[0], values[here + 1], values[here + 2] - values[2], 0], 4 * frame);
  }
  for (let frame = 0; frame < frameCount; frame++) roots[4 * frame + 1] -= floor;
  const facts = { name, remark: "", start_s: startS, frame_count: frameCount, seen: Array(JOINT_COUNT).fill(true) };
  return new Motion(facts, fps, poses, roots);
}
