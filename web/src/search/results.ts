/** The hits of one answer, as a grid and one by one. */

import { button } from "../dom";
import { HitGrid } from "../grid";
import { Library } from "../library";
import { PairView } from "../pair";
import type { Screen } from "../screen";
import { fileName, span } from "../text";
import type { View } from "../view";
import type { HitActions } from "./actions";
import type { Hit, Shown } from "./service";

export class Results {
  private readonly library: Library;
  private grid: HitGrid | null = null;

  constructor(
    readonly shown: Shown,
    private readonly screen: Screen,
    private readonly actions: HitActions,
    private readonly onOpen: (rank: number) => void,
    private readonly onPart: (startS: number, endS: number) => void,
  ) {
    this.library = new Library(shown.playback);
  }

  /** Number of hits that can be shown. */
  get count(): number {
    return this.library.data.pairs.length;
  }

  /** What makes the answer less certain, and what is missing in it. */
  get notes(): string[] {
    const missing = this.shown.answer.missing_shards?.length ?? 0;
    const partial = `Partial: not all shards of the index were searched (missing: ${missing}); better moments may be in them.`;
    return missing ? [partial, ...this.shown.playback.notes] : this.shown.playback.notes;
  }

  /** Whether a rank is that of a hit that can be shown. */
  has(rank: number): boolean {
    return this.at(rank) >= 0;
  }

  /** The rank of the hit so many places after another one; 0 if there is none. */
  after(rank: number, places: number): number {
    return this.library.data.pairs[this.at(rank) + places]?.rank ?? 0;
  }

  /** A view of one hit by its rank, or for 0 of all of them. */
  view(rank: number): View {
    this.actions.forget();
    this.grid = null;
    if (!rank) {
      this.grid = new HitGrid(
        this.library,
        (at) => this.onOpen(this.library.data.pairs[at].rank ?? 0),
        (pair) => this.actions.buttons(this.hit(pair.data.rank)),
      );
      return this.grid;
    }
    const view = new PairView(
      this.library,
      this.library.pairs[this.at(rank)],
      { query: "Query", other: `Hit ${rank}` },
      { actions: this.actions.buttons(this.hit(rank)), onPart: this.onPart },
    );
    view.onArrange = () => this.screen.arrange();
    return view;
  }

  /** What is shown, in a line. */
  title(rank: number): string {
    const { path, start_s: startS, end_s: endS } = this.shown.answer.query;
    const what = rank ? `Hit ${rank} of ${this.count}` : `${this.count} hits`;
    return `${what} for ${fileName(path) || "a pose"}, ${span(startS, endS)}`;
  }

  /** Buttons from a hit to others, by their ranks, and to all. */
  navigation(rank: number, onGo: (rank: number) => void): HTMLElement[] {
    if (!rank) return [];
    const other = (label: string, places: number) => {
      const to = this.after(rank, places);
      const made = button(label, () => onGo(to));
      made.disabled = !to;
      return made;
    };
    return [button("All hits", () => onGo(0)), other("Previous", -1), other("Next", 1)];
  }

  /** Puts the focus on the tile of a hit. */
  focus(rank: number): void {
    this.grid?.focus(this.at(rank));
  }

  /** A key for the hit that is opened, or whose tile has the focus. */
  key(key: string, opened: number): boolean {
    const at = opened ? this.at(opened) : (this.grid?.focused ?? -1);
    const pair = this.library.data.pairs[at];
    return pair ? this.actions.key(key, this.hit(pair.rank)) : false;
  }

  private at(rank: number): number {
    return this.library.data.pairs.findIndex((pair) => pair.rank === rank);
  }

  private hit(rank: number | null): Hit {
    return this.shown.answer.results.find((hit) => hit.rank === rank)!;
  }
}
