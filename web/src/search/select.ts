/** A list of which one value is chosen. */

import { element } from "../dom";

export function select(options: [string, string][], onChange: (value: string) => void): HTMLSelectElement {
  const made = element("select", {}, ...options.map(([value, label]) => element("option", { value }, label)));
  made.addEventListener("change", () => onChange(made.value));
  return made;
}
