/** What was acted, as a file of keypoints that the service reads like those of any detector. */

import type { Landmark, Seen } from "./detector";

/** A person over time, or nobody, at a steady rate. */
export interface Take {
  fps: number;
  frames: (Seen | null)[];
  width: number;
  height: number;
}

/** What was seen at a time in seconds. */
export interface Sample {
  timeS: number;
  seen: Seen | null;
}

/** Shoulders and hips, without which there is no body. */
const TRUNK = [11, 12, 23, 24];

/** Samples of any times at a steady rate, by linear interpolation. */
export function steady(samples: Sample[], fps: number): (Seen | null)[] {
  const first = samples[0]?.timeS ?? 0;
  const durationS = (samples.at(-1)?.timeS ?? 0) - first;
  let next = 0;
  return Array.from({ length: samples.length ? Math.floor(durationS * fps) + 1 : 0 }, (_, frame) => {
    const timeS = first + frame / fps;
    while (next < samples.length - 1 && samples[next].timeS < timeS) next++;
    const [before, after] = [samples[Math.max(next - 1, 0)], samples[next]];
    if (!before.seen || !after.seen) return null;
    const part = after === before ? 0 : (timeS - before.timeS) / (after.timeS - before.timeS);
    return {
      inPicture: between(before.seen.inPicture, after.seen.inPicture, part),
      inSpace: between(before.seen.inSpace, after.seen.inSpace, part),
    };
  });
}

function between(before: Landmark[], after: Landmark[], part: number): Landmark[] {
  return before.map((from, joint) => {
    const to = after[joint];
    const mix = (a = 1, b = 1) => a + part * (b - a);
    return {
      x: mix(from.x, to.x),
      y: mix(from.y, to.y),
      z: mix(from.z, to.z),
      visibility: mix(from.visibility, to.visibility),
    };
  });
}

/** Joints that are outside the picture most of the time: the detector only guesses where they are. */
export function outside({ frames }: Take): Set<number> {
  const people = frames.filter((seen) => seen !== null);
  const isOut = ({ x, y }: Landmark) => x < 0 || x > 1 || y < 0 || y > 1;
  const joints = people[0]?.inPicture.map((_, joint) => joint) ?? [];
  return new Set(
    joints.filter(
      (joint) =>
        !TRUNK.includes(joint) && people.filter(({ inPicture }) => isOut(inPicture[joint])).length > people.length / 2,
    ),
  );
}

/** The take as a file; `inSpace` with the joints in space too, which are then what is searched for. */
export function fileOf(take: Take, name: string, inSpace: boolean): File {
  const unseen = outside(take);
  const rounded = (value: number) => Math.round(value * 1e5) / 1e5;
  const frames = take.frames.map((seen) => {
    if (!seen) return {};
    const landmarks = seen.inPicture.map(({ x, y, visibility = 1 }) => [rounded(x), rounded(y), rounded(visibility)]);
    if (!inSpace) return { id: 1, landmarks };
    const placed = seen.inSpace.map(({ x, y, z }, joint) =>
      unseen.has(joint) ? null : { x: rounded(x), y: rounded(y), z: rounded(z) },
    );
    return { landmarks, world_landmarks: placed };
  });
  const { fps, width, height } = take;
  return new File([JSON.stringify({ joint_set: "mediapipe-33", fps, width, height, frames })], name, {
    type: "application/json",
  });
}
