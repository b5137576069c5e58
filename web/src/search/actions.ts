/** What can be done with a hit: search for more like it, leave its clip out, keep it. */

import { button, element } from "../dom";
import type { Basket } from "./basket";
import type { Hit } from "./service";

export class HitActions {
  private kept: [Hit, HTMLButtonElement][] = [];

  constructor(
    private readonly basket: Basket,
    readonly like: (hit: Hit) => void,
    readonly exclude: (hit: Hit) => void,
  ) {
    basket.onChange = () => this.refresh();
  }

  keep(hit: Hit): void {
    this.basket.toggle(hit);
  }

  /** The buttons of one hit. */
  buttons(hit: Hit): HTMLElement {
    const about = `hit ${hit.rank}`;
    const keep = button("Keep", () => this.keep(hit), { title: "Put it in the basket, or take it out (k)" });
    keep.setAttribute("aria-label", `Keep ${about}`);
    this.kept.push([hit, keep]);
    this.refresh();
    return element(
      "div",
      { class: "actions" },
      button("Similar", () => this.like(hit), {
        "aria-label": `Similar to ${about}`,
        title: "Search for more like this (m)",
      }),
      button("Not this", () => this.exclude(hit), {
        "aria-label": `Not this: ${about}`,
        title: "Leave this clip out (x)",
      }),
      keep,
    );
  }

  /** Another view is shown, with buttons of its own. */
  forget(): void {
    this.kept = [];
  }

  /** A key for a hit; false if it is no such key. */
  key(key: string, hit: Hit): boolean {
    const action = { m: this.like, x: this.exclude, k: (each: Hit) => this.keep(each) }[key];
    action?.(hit);
    return action !== undefined;
  }

  private refresh(): void {
    for (const [hit, keep] of this.kept) keep.setAttribute("aria-pressed", String(this.basket.has(hit)));
  }
}
