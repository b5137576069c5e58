/** The motions, paths and errors of a playback, decoded when they are first needed. */

import { JointErrors } from "./errors";
import { Framing } from "./framing";
import { Motion } from "./motion";
import type { PairData, PlaybackData } from "./playback";
import { WarpingPath } from "./warping";

export interface Pair {
  data: PairData;
  query: Motion;
  other: Motion;
  path: WarpingPath;
  errors: JointErrors;
}

export class Library {
  private readonly motions = new Map<number, Motion>();
  private readonly framings = new Map<Motion, Framing>();
  private readonly opened = new Map<PairData, Pair>();

  constructor(readonly data: PlaybackData) {}

  get query(): Motion {
    return this.motion(0);
  }

  get pairs(): Pair[] {
    return this.data.pairs.map((data) => this.pair(data));
  }

  framing(motion: Motion): Framing {
    return remembered(this.framings, motion, () => new Framing(motion));
  }

  private pair(data: PairData): Pair {
    return remembered(this.opened, data, () => ({
      data,
      query: this.motion(data.query),
      other: this.motion(data.other),
      path: new WarpingPath(data.path),
      errors: new JointErrors(data.errors_mm),
    }));
  }

  private motion(at: number): Motion {
    return remembered(this.motions, at, () => Motion.decoded(this.data.motions[at], this.data.fps));
  }
}

function remembered<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  if (!known.has(key)) known.set(key, make());
  return known.get(key)!;
}
