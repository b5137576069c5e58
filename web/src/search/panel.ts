/** The query and how it is searched: what the page knows of it, and everything that can be changed. */

import { button, element, toggle } from "../dom";
import { SpanBar } from "../spans";
import { breakable, seconds, span } from "../text";
import { activity } from "./activity";
import { FilterList } from "./filters";
import { GroupChoice } from "./groups";
import type { Mirror, Search } from "./query";
import { select } from "./select";
import type { LibraryFacts, WholeMotion } from "./service";
import { WeightPicker } from "./weights";

const MIRRORS: Record<Mirror, string> = {
  none: "off",
  both: "as it is, or mirrored",
  whole: "mirrored only",
  arms: "or arms exchanged",
  legs: "or legs exchanged",
  any: "in any of these ways",
};
const COUNTS = [5, 10, 20, 50];

export class Panel {
  readonly root: HTMLElement;
  private readonly filters: FilterList;
  private readonly groups: GroupChoice;
  private readonly weights: WeightPicker;
  private readonly name = element("p", { class: "query-name" });
  private readonly part = element("div", { class: "part" });
  private readonly mirror: HTMLSelectElement;
  private readonly count: HTMLSelectElement;
  private readonly moments: HTMLLabelElement;
  private readonly self: HTMLLabelElement;
  private bar: SpanBar | null = null;

  constructor(private readonly onChange: (changes: Partial<Search>) => void) {
    this.weights = new WeightPicker((weights) => onChange({ weights }));
    this.filters = new FilterList(onChange);
    this.groups = new GroupChoice(onChange);
    this.mirror = select(Object.entries(MIRRORS), (value) => onChange({ mirror: value as Mirror }));
    this.count = select(
      COUNTS.map((count) => [String(count), String(count)]),
      (value) => onChange({ k: Number(value) }),
    );
    this.moments = toggle("All moments of a clip", false, (allMoments) => onChange({ allMoments }));
    this.self = toggle("Leave out the clip itself", true, (leaveOutSelf) => onChange({ leaveOutSelf }));
    this.root = element(
      "aside",
      { class: "panel", id: "panel", "aria-label": "The query" },
      element(
        "section",
        { class: "query-card", "aria-labelledby": "query-title" },
        element("h2", { id: "query-title" }, "Query"),
        this.name,
        this.part,
        element("label", { class: "field" }, element("span", {}, "Mirror"), this.mirror),
        element("label", { class: "field" }, element("span", {}, "Hits"), this.count),
        this.groups.root,
        this.moments,
        this.self,
      ),
      this.weights.root,
      this.filters.root,
    );
  }

  /** Shows a search as it is; the part bar belongs to a query that has been read, and goes with another one. */
  show(search: Search): void {
    this.name.replaceChildren(...breakable(search.query));
    this.mirror.value = search.mirror;
    if (!COUNTS.includes(search.k) && this.count.options.length === COUNTS.length)
      this.count.append(element("option", { value: String(search.k) }, String(search.k)));
    this.count.value = String(search.k);
    this.moments.querySelector("input")!.checked = search.allMoments;
    this.self.querySelector("input")!.checked = search.leaveOutSelf;
    this.self.hidden = search.file !== "" || search.poses !== "";
    this.weights.show(search.weights);
    this.filters.show(search);
    this.groups.show(search);
    this.bar?.show(search.startS, search.endS);
    this.describe(search);
  }

  /** What the library holds. */
  knowLibrary({ contents }: LibraryFacts): void {
    this.filters.know(contents.labels);
    this.groups.know(contents);
  }

  /** The whole motion of the query has been read; null if another query begins. */
  know(motion: WholeMotion | null, search: Search): void {
    this.bar?.dispose();
    this.bar = null;
    this.part.replaceChildren();
    if (!motion || motion.frameCount < 2) return;
    const endS = motion.startS + motion.frameCount / motion.fps;
    this.bar = new SpanBar("the part that is searched", motion.startS, endS, (startS, endS) =>
      this.onChange({ startS, endS }),
    );
    this.bar.draws(activity(motion));
    this.part.append(
      this.bar.root,
      element(
        "p",
        { class: "hint" },
        element("span", { class: "chosen-part" }),
        button("Whole", () => this.onChange({ startS: null, endS: null }), { class: "quiet" }),
      ),
    );
    this.bar.show(search.startS, search.endS);
    this.wholeS = [motion.startS, endS];
    this.describe(search);
  }

  repaint(): void {
    this.bar?.repaint();
  }

  private wholeS: [number, number] = [0, 0];

  private describe({ startS, endS }: Search): void {
    const text = this.part.querySelector(".chosen-part");
    const whole = this.part.querySelector("button");
    if (!text || !whole) return;
    const [from, to] = this.wholeS;
    const isWhole = startS === null && endS === null;
    text.textContent = isWhole
      ? `${seconds(to - from)}; drag to search a part`
      : `${span(startS ?? from, endS ?? to)} of ${seconds(to - from)}`;
    whole.hidden = isWhole;
  }
}
