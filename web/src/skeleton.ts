/** The canonical skeleton: 22 joints in the order of mretrieve.motion.skeleton. */

export const JOINT_COUNT = 22;

/** Parent of each joint, -1 for the pelvis; a parent precedes its children. */
export const PARENTS: readonly number[] = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19];

export type Side = "left" | "right" | "middle";
export type Part = "torso" | "left_arm" | "right_arm" | "left_leg" | "right_leg";

export const PARTS: Record<Part, readonly number[]> = {
  torso: [0, 3, 6, 9, 12, 15],
  left_arm: [13, 16, 18, 20],
  right_arm: [14, 17, 19, 21],
  left_leg: [1, 4, 7, 10],
  right_leg: [2, 5, 8, 11],
};

export const PART_NAMES = Object.keys(PARTS) as Part[];

export const LEFT_FOOT = 10;
export const RIGHT_FOOT = 11;

export const partName = (part: string): string => part.replace("_", " ");

export function sideOf(joint: number): Side {
  if (PARTS.left_arm.includes(joint) || PARTS.left_leg.includes(joint)) return "left";
  return PARTS.torso.includes(joint) ? "middle" : "right";
}
