/** Key poses with their times: as text for the address, and as the motion from each to the next. */

import { Quaternion, type Vector3 } from "three";
import { JOINT_COUNT, PARENTS } from "../skeleton";
import { at, type Pose } from "./bending";

export interface KeyPose {
  timeS: number;
  pose: Pose;
}

/** The rate of canonical motion. */
export const FPS = 30;
const PER_METRE = 2000; // half a millimetre, up to 16 m

/** For the address: each pose as `seconds:` and its numbers as integers of 16 bits in base64. */
export function toText(poses: KeyPose[]): string {
  return poses
    .map(({ timeS, pose }) => {
      const numbers = Int16Array.from(pose, (metres) => Math.round(PER_METRE * metres));
      return `${timeS}:${btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)))}`;
    })
    .join(" ");
}

/** The poses of a text, by time; none for one that has no meaning. */
export function fromText(text: string): KeyPose[] {
  try {
    const poses = text.split(" ").filter(Boolean).map(decoded);
    return poses.sort((one, other) => one.timeS - other.timeS);
  } catch {
    return [];
  }
}

function decoded(text: string): KeyPose {
  const [time, numbers] = text.split(":");
  const bytes = Uint8Array.from(atob(numbers), (character) => character.charCodeAt(0));
  const pose = Float32Array.from(new Int16Array(bytes.buffer), (number) => number / PER_METRE);
  const timeS = Number(time);
  if (pose.length !== 3 * JOINT_COUNT || !(timeS >= 0)) throw new Error("no pose");
  return { timeS, pose };
}

/** The joints frame by frame, from the first to the last pose; a single pose is one frame. */
export function frames(poses: KeyPose[]): Pose[] {
  if (!poses.length) return [];
  const durationS = poses[poses.length - 1].timeS - poses[0].timeS;
  return Array.from({ length: Math.round(durationS * FPS) + 1 }, (_, frame) =>
    poseAt(poses, poses[0].timeS + frame / FPS),
  );
}

/** The pose at a time. Bones turn from each key pose to the next, and are at rest in both. */
export function poseAt(poses: KeyPose[], timeS: number): Pose {
  const next = poses.findIndex((pose) => pose.timeS > timeS);
  if (next <= 0) return poses[next === 0 ? 0 : poses.length - 1].pose;
  const [from, to] = [poses[next - 1], poses[next]];
  const passed = (timeS - from.timeS) / (to.timeS - from.timeS);
  return between(from.pose, to.pose, passed * passed * (3 - 2 * passed));
}

function between(from: Pose, to: Pose, part: number): Pose {
  const pose = new Float32Array(from.length);
  PARENTS.forEach((parent, joint) => {
    if (parent < 0) {
      at(from, joint)
        .lerp(at(to, joint), part)
        .toArray(pose, 3 * joint);
      return;
    }
    const [before, after] = [from, to].map((each) => at(each, joint).sub(at(each, parent)));
    const length = before.length() + part * (after.length() - before.length());
    at(pose, parent)
      .addScaledVector(turned(before.normalize(), after.normalize(), part), length)
      .toArray(pose, 3 * joint);
  });
  return pose;
}

/** A direction that is turned towards another by a part of the angle between them. */
function turned(from: Vector3, to: Vector3, part: number): Vector3 {
  const whole = new Quaternion().setFromUnitVectors(from, to);
  return from.clone().applyQuaternion(new Quaternion().slerp(whole, part));
}
