/** Whether motions are compared as seen from their group: the column to group by, and the query's own group. */

import { element } from "../dom";
import type { Search } from "./query";
import { select } from "./select";
import type { LibraryFacts } from "./service";

/** As mretrieve/search/groups.py refuses more. */
const MOST_GROUPS = 1000;
const NONE = "";

export class GroupChoice {
  readonly root: HTMLElement;
  private readonly column: HTMLSelectElement;
  private readonly own: HTMLSelectElement;
  private readonly ownField: HTMLElement;
  /** The groups by each column. */
  private groups: Record<string, string[]> = {};
  private chosen: Pick<Search, "group" | "queryGroup"> = { group: NONE, queryGroup: NONE };

  constructor(onChange: (changes: Pick<Search, "group" | "queryGroup">) => void) {
    this.column = select([], (group) => onChange({ group, queryGroup: NONE }));
    this.own = select([], (queryGroup) => onChange({ ...this.chosen, queryGroup }));
    this.ownField = element("label", { class: "field" }, element("span", {}, "Its group"), this.own);
    const title =
      "Compares motions as seen from the mean of their group, so that the same action by others comes first";
    this.root = element(
      "div",
      { class: "group-choice" },
      element("label", { class: "field", title }, element("span", {}, "Group by"), this.column),
      this.ownField,
    );
    this.show(this.chosen);
  }

  /** The columns of the library with which clips can be grouped. */
  know({ labels, rigs }: LibraryFacts["contents"]): void {
    const columns = Object.entries({ ...labels, rig: rigs }).map(
      ([name, counts]) => [name, Object.keys(counts)] as const,
    );
    this.groups = Object.fromEntries(columns.filter(([, values]) => values.length > 1 && values.length <= MOST_GROUPS));
    this.show(this.chosen);
  }

  show({ group, queryGroup }: Pick<Search, "group" | "queryGroup">): void {
    this.chosen = { group, queryGroup };
    fill(this.column, [NONE, ...Object.keys(this.groups)], group, "no groups");
    fill(this.own, [NONE, ...(this.groups[group] ?? [])], queryGroup, "own or nearest");
    this.root.hidden = !group && !Object.keys(this.groups).length;
    this.ownField.hidden = !group;
  }
}

/** Lists values, with another name for none; a link may name one that the library lacks, which the service refuses. */
function fill(made: HTMLSelectElement, values: string[], chosen: string, none: string): void {
  const all = values.includes(chosen) ? values : [...values, chosen];
  made.replaceChildren(...all.map((value) => element("option", { value }, value || none)));
  made.value = chosen;
}
