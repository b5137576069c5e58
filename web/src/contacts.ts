/** When a foot stands: its joint is near the ground and hardly moves. */

import type { Motion } from "./motion";
import { JOINT_COUNT, LEFT_FOOT, RIGHT_FOOT } from "./skeleton";

const NEAR_GROUND_M = 0.09;
const HARDLY_MOVES_M_PER_S = 0.4;
const SHORTEST_S = 0.1;

export interface Contact {
  side: "left" | "right";
  startFrame: number;
  endFrame: number; // exclusive
  x: number;
  z: number;
}

/** The contacts of both feet of a travelling body, in the order of time for each foot. */
export function contactsOf(motion: Motion): Contact[] {
  const poses = Array.from({ length: motion.frameCount }, (_, frame) => {
    const joints = new Float32Array(3 * JOINT_COUNT);
    motion.pose(frame, true, joints);
    return joints;
  });
  const found: Contact[] = [];
  for (const [side, foot] of [["left", LEFT_FOOT] as const, ["right", RIGHT_FOOT] as const]) {
    let start = -1;
    for (let frame = 0; frame <= motion.frameCount; frame++) {
      const stands = frame < motion.frameCount && isStanding(poses, frame, 3 * foot, motion.fps);
      if (stands && start < 0) start = frame;
      if (!stands && start >= 0) {
        const middle = poses[Math.floor((start + frame - 1) / 2)];
        if (frame - start >= SHORTEST_S * motion.fps)
          found.push({ side, startFrame: start, endFrame: frame, x: middle[3 * foot], z: middle[3 * foot + 2] });
        start = -1;
      }
    }
  }
  return found;
}

function isStanding(poses: Float32Array[], frame: number, at: number, fps: number): boolean {
  const before = poses[Math.max(frame - 1, 0)];
  const after = poses[Math.min(frame + 1, poses.length - 1)];
  const seconds = Math.max(Math.min(frame + 1, poses.length - 1) - Math.max(frame - 1, 0), 1) / fps;
  const speed = Math.hypot(after[at] - before[at], after[at + 1] - before[at + 1], after[at + 2] - before[at + 2]);
  return poses[frame][at + 1] < NEAR_GROUND_M && speed / seconds < HARDLY_MOVES_M_PER_S;
}
