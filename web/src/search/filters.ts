/** Which clips may answer: by their labels, with the number of clips of each; by a condition; without some clips. */

import { button, element } from "../dom";
import { breakable, fileName } from "../text";
import type { Search } from "./query";

export const NO_FILTERS: Filters = { labels: {}, condition: "", excluded: [], only: [] };
type Filters = Pick<Search, "labels" | "condition" | "excluded" | "only">;

/** Columns with more values than this are measurements rather than labels, and are not listed. */
const MOST_VALUES = 60;
const SHOWN_VALUES = 8;

export class FilterList {
  readonly root = element("section", { class: "filters", "aria-label": "Which clips may answer" });
  private filters: Filters = NO_FILTERS;
  private counts: Record<string, Record<string, number>> = {};
  private readonly opened = new Set(["label"]);
  private readonly complete = new Set<string>();

  constructor(private readonly onChange: (filters: Filters) => void) {}

  /** Clips by label, for each column. */
  know(counts: Record<string, Record<string, number>>): void {
    this.counts = counts;
    this.show(this.filters);
  }

  show(filters: Filters): void {
    const { labels, condition, excluded, only } = filters;
    this.filters = { labels, condition, excluded, only };
    const columns = Object.entries(this.counts).filter(([, values]) => {
      const count = Object.keys(values).length;
      return count > 1 && count <= MOST_VALUES;
    });
    const focused = (document.activeElement as HTMLElement | null)?.dataset.focus;
    this.root.replaceChildren(
      element("div", { class: "head" }, element("h2", {}, "Which clips"), this.clear()),
      ...columns.map(([column, values]) => this.column(column, values)),
      this.condition(),
      ...this.only(),
      ...this.excluded(),
    );
    if (focused) this.root.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  private change(changes: Partial<Filters>): void {
    this.show({ ...this.filters, ...changes });
    this.onChange(this.filters);
  }

  private clear(): HTMLButtonElement {
    const made = button("Clear", () => this.change(NO_FILTERS), { class: "quiet" });
    const { labels, condition, excluded, only } = this.filters;
    made.disabled =
      !condition && !excluded.length && !only.length && !Object.values(labels).some((values) => values.length);
    return made;
  }

  private column(column: string, values: Record<string, number>): HTMLElement {
    const chosen = this.filters.labels[column] ?? [];
    const all = Object.entries(values);
    const shown = this.complete.has(column)
      ? all
      : all.filter(([value], at) => at < SHOWN_VALUES || chosen.includes(value));
    const rest = all.length - shown.length;
    const more = rest
      ? button(
          `${rest} more`,
          () => {
            this.complete.add(column);
            this.show(this.filters);
          },
          { class: "quiet" },
        )
      : null;
    const made = element(
      "details",
      {},
      element("summary", {}, column, chosen.length ? element("b", {}, ` ${chosen.length} chosen`) : null),
      element("div", { class: "values" }, ...shown.map(([value, count]) => this.value(column, value, count)), more),
    );
    made.open = this.opened.has(column) || chosen.length > 0;
    made.addEventListener("toggle", () => {
      if (made.open) this.opened.add(column);
      else this.opened.delete(column);
    });
    return made;
  }

  private value(column: string, value: string, count: number): HTMLElement {
    const chosen = this.filters.labels[column] ?? [];
    const box = element("input", { type: "checkbox", "data-focus": `${column}:${value}` });
    box.checked = chosen.includes(value);
    box.addEventListener("change", () => {
      const values = box.checked ? [...chosen, value] : chosen.filter((each) => each !== value);
      this.change({ labels: { ...this.filters.labels, [column]: values } });
    });
    return element(
      "label",
      { class: "value" },
      box,
      element("span", { class: "text" }, value),
      element("span", { class: "count" }, String(count)),
    );
  }

  private condition(): HTMLElement {
    const input = element("input", {
      type: "text",
      placeholder: "duration_s > 2",
      spellcheck: "false",
      "data-focus": "condition",
    });
    input.value = this.filters.condition;
    input.addEventListener("change", () => this.change({ condition: input.value }));
    return element("label", { class: "field" }, element("span", {}, "Condition"), input);
  }

  private only(): HTMLElement[] {
    const count = this.filters.only.length;
    if (!count) return [];
    const all = button("×", () => this.change({ only: [] }), {
      class: "quiet",
      "aria-label": "Search all clips again",
    });
    return [element("p", { class: "chosen-clips" }, `Only the ${count} clips chosen on the map`, all)];
  }

  private excluded(): HTMLElement[] {
    const { excluded } = this.filters;
    if (!excluded.length) return [];
    const chips = excluded.map((clip) =>
      element(
        "li",
        {},
        element("span", { title: clip }, ...breakable(fileName(clip))),
        button("×", () => this.change({ excluded: excluded.filter((each) => each !== clip) }), {
          class: "quiet",
          "aria-label": `Allow ${clip} again`,
        }),
      ),
    );
    return [element("h3", {}, "Not these"), element("ul", { class: "chips" }, ...chips)];
  }
}
