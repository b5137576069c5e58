/** What the page shows at a time: a grid of hits, or one pair. */

import type { Clock } from "./clock";
import type { Stage } from "./stages";

export interface View {
  readonly root: HTMLElement;
  readonly clock: Clock;
  readonly stages: Stage[];
  /** Colours have changed. */
  repaint(): void;
  /** A key that is this view's own; false leaves it to the page. */
  key(key: string): boolean;
  dispose(): void;
}
