/** Which frame of the other motion is shown with a frame of the query: one of the warping path. */

export class WarpingPath {
  private readonly others: number[];

  /** `steps`: pairs of a frame of the query and one of the other, neither ever decreasing. */
  constructor(steps: [number, number][]) {
    const answering: number[][] = [];
    for (const [query, other] of steps) {
      answering[query] ??= [];
      answering[query].push(other);
    }
    this.others = answering.map((frames) => frames[Math.floor(frames.length / 2)]);
  }

  get frameCount(): number {
    return this.others.length;
  }

  /** The frame of the other; for a place between two frames of the query, a place between those of the path. */
  other(queryFrame: number): number {
    const from = Math.min(Math.max(Math.floor(queryFrame), 0), this.others.length - 1);
    const to = Math.min(from + 1, this.others.length - 1);
    const part = Math.min(Math.max(queryFrame - from, 0), 1);
    return this.others[from] + part * (this.others[to] - this.others[from]);
  }

  /** The first frame of the query with which this frame of the other, or a later one, is shown. */
  query(otherFrame: number): number {
    const found = this.others.findIndex((frame) => frame >= otherFrame);
    return found < 0 ? this.others.length - 1 : found;
  }
}
