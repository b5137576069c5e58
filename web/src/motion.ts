/** One motion: poses as they are sent (float16, frames x 22 x 3), and where the body is and faces in each frame. */

import type { MotionData } from "./playback";
import { JOINT_COUNT } from "./skeleton";

const POSE = 3 * JOINT_COUNT;
const ROOT = 4;
/** Joints are inside the body: the lowest one is this far above the ground. */
export const SOLE_M = 0.03;

export type MotionFacts = Omit<MotionData, "poses" | "roots">;

export class Motion {
  readonly frameCount: number;

  /** `poses` and `roots` as PlayedMotion in mretrieve/comparison/playback.py has them. */
  constructor(
    readonly data: MotionFacts,
    readonly fps: number,
    private readonly poses: Float32Array,
    private readonly roots: Float32Array,
  ) {
    this.frameCount = data.frame_count;
  }

  static decoded(data: MotionData, fps: number): Motion {
    return new Motion(data, fps, decodeFloat16(data.poses), decodeFloat32(data.roots));
  }

  get durationS(): number {
    return this.frameCount / this.fps;
  }

  /** Seconds of the motion's own file. */
  timeS(frame: number): number {
    return this.data.start_s + frame / this.fps;
  }

  /** Where the hips are on the ground: metres to the left and forwards, as the body faces in the first frame. */
  place(frame: number): [number, number] {
    const at = ROOT * this.nearest(frame);
    return [this.roots[at], this.roots[at + 2]];
  }

  /**
   * Writes the joints (66 numbers, metres, y up) at a frame, between two frames if it is not a whole number.
   * A body that does not travel stays at the origin and faces +z.
   */
  pose(frame: number, travels: boolean, joints: Float32Array): void {
    const from = Math.min(Math.max(Math.floor(frame), 0), this.frameCount - 1);
    const to = Math.min(from + 1, this.frameCount - 1);
    const part = Math.min(Math.max(frame - from, 0), 1);
    const { poses, roots } = this;
    const [a, b] = [ROOT * from, ROOT * to];
    const between = (values: Float32Array, before: number, after: number) =>
      values[before] + part * (values[after] - values[before]);
    const x = travels ? between(roots, a, b) : 0;
    const y = between(roots, a + 1, b + 1) + SOLE_M;
    const z = travels ? between(roots, a + 2, b + 2) : 0;
    const heading = travels ? between(roots, a + 3, b + 3) : 0;
    const [cosine, sine] = [Math.cos(heading), Math.sin(heading)];
    for (let at = 0, now = POSE * from, next = POSE * to; at < POSE; at += 3, now += 3, next += 3) {
      const left = between(poses, now, next);
      const forwards = between(poses, now + 2, next + 2);
      joints[at] = cosine * left + sine * forwards + x;
      joints[at + 1] = between(poses, now + 1, next + 1) + y;
      joints[at + 2] = cosine * forwards - sine * left + z;
    }
  }

  private nearest(frame: number): number {
    return Math.min(Math.max(Math.round(frame), 0), this.frameCount - 1);
  }
}

/** Numbers of 16 bits (IEEE 754, little-endian) in base64. */
export const decodeFloat16 = (text: string): Float32Array => readFloat16(bytes(text));

/** Numbers of 16 bits (IEEE 754, little-endian). */
export function readFloat16(buffer: ArrayBuffer): Float32Array {
  const view = new DataView(buffer);
  const values = new Float32Array(view.byteLength / 2);
  for (let at = 0; at < values.length; at++) values[at] = fromFloat16(view.getUint16(2 * at, true));
  return values;
}

function decodeFloat32(text: string): Float32Array {
  const view = new DataView(bytes(text));
  const values = new Float32Array(view.byteLength / 4);
  for (let at = 0; at < values.length; at++) values[at] = view.getFloat32(4 * at, true);
  return values;
}

const POWERS = Float64Array.from({ length: 0x1f }, (_, exponent) => 2 ** (exponent - 15));

function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * POWERS[exponent];
}

/** What base64 stands for. */
export function bytes(text: string): ArrayBuffer {
  const characters = atob(text);
  const values = new Uint8Array(characters.length);
  for (let at = 0; at < values.length; at++) values[at] = characters.charCodeAt(at);
  return values.buffer;
}
