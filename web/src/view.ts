/** What the page shows at a time: a grid of hits, or one pair. */

import type { Clock } from "./clock";
import type { Stage } from "./stages";

export interface View {
  readonly root: HTMLElement;
  readonly clock: Clock;
  /** That of what plays alone while the pointer is on it. */
  readonly alone?: Clock;
  readonly stages: Stage[];
  /** Whether its clock is its own affair: it begins at rest, and the next view plays if the one before did. */
  readonly isStill?: boolean;
  /** Colours have changed. */
  repaint(): void;
  /** A key that is this view's own; false leaves it to the page. */
  key(key: string): boolean;
  dispose(): void;
}
