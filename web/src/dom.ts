/** Elements of the page, made from text that is never parsed as HTML. */

type Child = Node | string | null;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function button(label: string, onClick: () => void, attributes: Record<string, string> = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", onClick);
  return made;
}

/** A box to tick. */
export function toggle(label: string, checked: boolean, onChange: (checked: boolean) => void): HTMLLabelElement {
  const input = element("input", { type: "checkbox" });
  input.checked = checked;
  input.addEventListener("change", () => onChange(input.checked));
  return element("label", { class: "toggle" }, input, element("span", {}, label));
}

/** One of several, as a row of buttons; `choose` selects one from outside and calls nothing. */
export class Choice<T extends string> {
  readonly root: HTMLFieldSetElement;
  private readonly inputs = new Map<T, HTMLInputElement>();
  private static count = 0;

  constructor(title: string, options: Record<T, string>, chosen: T, onChange: (chosen: T) => void) {
    const name = `choice-${Choice.count++}`;
    this.root = element("fieldset", { class: "choice" }, element("legend", { class: "hidden" }, title));
    for (const [value, label] of Object.entries(options) as [T, string][]) {
      const input = element("input", { type: "radio", name, value });
      input.checked = value === chosen;
      input.addEventListener("change", () => onChange(value));
      this.inputs.set(value, input);
      this.root.append(element("label", {}, input, element("span", {}, label)));
    }
  }

  choose(value: T): void {
    this.inputs.get(value)!.checked = true;
  }
}
