/** How much each part of the body counts: a picture of it to click, and a slider for each part. */

import { button, element } from "../dom";
import { PART_NAMES, type Part, partName } from "../skeleton";
import { evenWeights } from "./query";

/** The parts as lines of a body that is seen from behind, so that left is left. */
const SHAPES: Record<Part, string> = {
  torso: "M40 10v.1M40 26V62M32 30h16M34 60h12",
  left_arm: "M28 32L18 50 14 70",
  right_arm: "M52 32L62 50 66 70",
  left_leg: "M34 70L31 94 30 118",
  right_leg: "M46 70L49 94 50 118",
};
const HEAD = { cx: "40", cy: "11", r: "8" };
const MOST = 3;
const SVG = "http://www.w3.org/2000/svg";

export class WeightPicker {
  readonly root: HTMLElement;
  private weights = evenWeights();
  private readonly shapes = new Map<Part, SVGElement>();
  private readonly sliders = new Map<Part, HTMLInputElement>();
  private readonly numbers = new Map<Part, HTMLElement>();
  private readonly reset: HTMLButtonElement;

  constructor(private readonly onChange: (weights: Record<Part, number>) => void) {
    this.reset = button("All alike", () => this.change(evenWeights()), { class: "quiet" });
    const rows = PART_NAMES.map((part) => this.row(part));
    this.root = element(
      "section",
      { class: "weights", "aria-labelledby": "weights-title" },
      element("div", { class: "head" }, element("h2", { id: "weights-title" }, "What counts"), this.reset),
      element("div", { class: "body" }, this.picture(), element("div", { class: "sliders" }, ...rows)),
      element("p", { class: "hint" }, "Seen from behind. Click a part to leave it out."),
    );
    this.show(this.weights);
  }

  show(weights: Record<Part, number>): void {
    this.weights = weights;
    for (const part of PART_NAMES) {
      const weight = weights[part];
      this.sliders.get(part)!.value = String(weight);
      this.numbers.get(part)!.textContent = weight === 0 ? "out" : `×${weight}`;
      const shape = this.shapes.get(part)!;
      shape.setAttribute("aria-pressed", String(weight > 0));
      shape.style.setProperty("--weight", String(Math.min(weight, MOST)));
    }
    this.reset.disabled = new Set(Object.values(weights)).size === 1;
  }

  private change(weights: Record<Part, number>): void {
    this.show(weights);
    this.onChange(weights);
  }

  private row(part: Part): HTMLElement {
    const slider = element("input", { type: "range", min: "0", max: String(MOST), step: "0.5" });
    const number = element("span", { class: "number" });
    this.sliders.set(part, slider);
    this.numbers.set(part, number);
    slider.addEventListener("change", () => this.change({ ...this.weights, [part]: Number(slider.value) }));
    return element("label", {}, element("span", {}, partName(part)), slider, number);
  }

  private picture(): SVGSVGElement {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "6 0 68 124");
    picture.setAttribute("role", "group");
    picture.setAttribute("aria-label", "Parts of the body that count");
    for (const part of PART_NAMES) {
      const group = document.createElementNS(SVG, "g");
      for (const [name, value] of Object.entries({ role: "button", tabindex: "0", class: part, "data-part": part }))
        group.setAttribute(name, value);
      group.setAttribute("aria-label", `${partName(part)} counts`);
      if (part === "torso") group.append(shape("circle", HEAD));
      group.append(shape("path", { d: SHAPES[part] }));
      const toggle = () => this.change({ ...this.weights, [part]: this.weights[part] > 0 ? 0 : 1 });
      group.addEventListener("click", toggle);
      group.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        toggle();
      });
      this.shapes.set(part, group);
      picture.append(group);
    }
    return picture;
  }
}

function shape(tag: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
