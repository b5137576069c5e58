/** Moving one joint of a body, with those that follow it: bones keep their lengths. */

import { Quaternion, Vector3 } from "three";
import { JOINT_COUNT } from "../skeleton";

/** The joints of a pose, 66 numbers: metres, y up; the body faces +z. */
export type Pose = Float32Array;

/** A body that stands: x, y and z of each joint in centimetres, for the sides those of the left. */
const STANDING_CM: [number, number, number][] = [
  [0, 93, 0],
  [8.6, 84.5, 0],
  [0, 103, 0],
  [9, 45.5, 2],
  [0, 115.5, 0],
  [9.5, 8, -2],
  [0, 121, 0],
  [11, 2, 10.5],
  [0, 141, 0],
  [8.3, 133.5, 0],
  [0, 149, 3],
  [18.1, 137.5, 0],
  [21.5, 111, -2],
  [22.5, 86, 3],
];
/** For each joint its row in STANDING_CM, negative for the right side. */
const ROWS = [0, 1, -1, 2, 3, -3, 4, 5, -5, 6, 7, -7, 8, 9, -9, 10, 11, -11, 12, -12, 13, -13];

export function standing(): Pose {
  return Float32Array.from(
    ROWS.flatMap((row) => STANDING_CM[Math.abs(row)].map((cm, axis) => (row < 0 && axis === 0 ? -cm : cm) / 100)),
  );
}

interface Limb {
  root: number;
  middle: number;
  end: number;
  /** What the end carries along. */
  carried: number[];
  /** Where the middle goes if the limb is stretched. */
  bends: Vector3;
}

const limb = (root: number, middle: number, end: number, carried: number[], z: number): Limb => ({
  root,
  middle,
  end,
  carried,
  bends: new Vector3(0, 0, z),
});
const LEGS = [limb(1, 4, 7, [10], 1), limb(2, 5, 8, [11], 1)];
const ARMS = [limb(16, 18, 20, [], -1), limb(17, 19, 21, [], -1)];
const LIMBS = [...LEGS, ...ARMS];
const FEET = new Map([
  [10, 7],
  [11, 8],
]);
const [PELVIS, NECK, HEAD] = [0, 12, 15];
const LOWER = [PELVIS, ...LEGS.flatMap(({ root, middle, end, carried }) => [root, middle, end, ...carried])];
const UPPER = Array.from({ length: JOINT_COUNT }, (_, joint) => joint).filter((joint) => !LOWER.includes(joint));

/** The joints that can be moved, and how a reader would name them. */
export const MOVABLE: [number, string][] = [
  [PELVIS, "hips"],
  [NECK, "chest"],
  [HEAD, "head"],
  ...(["left", "right"] as const).flatMap((side, at): [number, string][] => [
    [16 + at, `${side} shoulder`],
    [18 + at, `${side} elbow`],
    [20 + at, `${side} hand`],
    [4 + at, `${side} knee`],
    [7 + at, `${side} foot`],
    [10 + at, `${side} toes`],
  ]),
];

/** Moves a joint of MOVABLE towards a place: hands and feet by bending the limb, knees and elbows around it. */
export function move(pose: Pose, joint: number, to: Vector3): void {
  const ofEnd = LIMBS.find(({ end }) => end === joint);
  const ofMiddle = LIMBS.find(({ middle }) => middle === joint);
  if (ofEnd) reach(pose, ofEnd, to, at(pose, ofEnd.middle));
  else if (ofMiddle) reach(pose, ofMiddle, at(pose, ofMiddle.end), to);
  else if (joint === PELVIS) shift(pose, to);
  else if (joint === HEAD) turn(pose, NECK, HEAD, to, [HEAD]);
  else if (FEET.has(joint)) turn(pose, FEET.get(joint)!, joint, to, [joint]);
  else turn(pose, PELVIS, joint, to, UPPER);
}

/** Bends a limb so that its end is at a place, or as near as it reaches, and its middle on the side of another. */
function reach(pose: Pose, { root, middle, end, carried, bends }: Limb, to: Vector3, side: Vector3): void {
  const [from, before] = [at(pose, root), at(pose, end)];
  const upper = from.distanceTo(at(pose, middle));
  const lower = at(pose, middle).distanceTo(before);
  const axis = to.clone().sub(from);
  if (axis.lengthSq() < 1e-8) axis.set(0, -1, 0);
  const distance = Math.min(Math.max(axis.length(), 1.01 * Math.abs(upper - lower)), 0.999 * (upper + lower));
  axis.normalize();
  const across = perpendicular(side.clone().sub(from), axis) ?? perpendicular(bends, axis) ?? new Vector3(1, 0, 0);
  const along = (upper ** 2 + distance ** 2 - lower ** 2) / (2 * distance);
  const away = Math.sqrt(Math.max(upper ** 2 - along ** 2, 0));
  put(pose, middle, from.clone().addScaledVector(axis, along).addScaledVector(across, away));
  const reached = from.clone().addScaledVector(axis, distance);
  put(pose, end, reached);
  for (const joint of carried) put(pose, joint, at(pose, joint).add(reached).sub(before));
}

/** The direction of a vector across an axis; null if it has none. */
function perpendicular(vector: Vector3, axis: Vector3): Vector3 | null {
  const across = vector.clone().addScaledVector(axis, -vector.dot(axis));
  return across.length() < 1e-3 ? null : across.normalize();
}

/** Moves the hips and all above them; the feet stay where they are. */
function shift(pose: Pose, to: Vector3): void {
  const by = to.clone().sub(at(pose, PELVIS));
  const ends = LEGS.map(({ end }) => at(pose, end));
  for (let joint = 0; joint < JOINT_COUNT; joint++) put(pose, joint, at(pose, joint).add(by));
  LEGS.forEach((leg, number) => {
    reach(pose, leg, ends[number], at(pose, leg.middle));
  });
}

/** Turns some joints around another, so that one of them lies in the direction of a place. */
function turn(pose: Pose, around: number, joint: number, to: Vector3, turned: number[]): void {
  const centre = at(pose, around);
  const [before, after] = [at(pose, joint).sub(centre), to.clone().sub(centre)];
  if (before.length() < 1e-4 || after.length() < 1e-4) return;
  const rotation = new Quaternion().setFromUnitVectors(before.normalize(), after.normalize());
  for (const each of turned) put(pose, each, at(pose, each).sub(centre).applyQuaternion(rotation).add(centre));
}

export const at = (pose: Pose, joint: number): Vector3 => new Vector3().fromArray(pose, 3 * joint);

function put(pose: Pose, joint: number, place: Vector3): void {
  place.toArray(pose, 3 * joint);
}
