/** Moments that are kept, until they are saved together as BVH files. */

import { button, element } from "../dom";
import { breakable } from "../text";
import { momentName } from "./query";
import type { Hit, Service } from "./service";

const KEY = "mretrieve-basket";

export class Basket {
  readonly root: HTMLElement;
  /** Called if a moment has been put in or taken out. */
  onChange: () => void = () => {};
  private moments: string[] = [];
  private index = "";
  private readonly open: HTMLButtonElement;
  private readonly list = element("ul", { class: "kept" });
  private readonly said = element("p", { class: "hint", role: "status" });
  private readonly save: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;

  constructor(private readonly service: Service) {
    this.save = button("Save as ZIP", () => void this.download(), { class: "primary" });
    this.clear = button("Empty the basket", () => this.set([]));
    const dialogue: HTMLDialogElement = element(
      "dialog",
      { "aria-labelledby": "basket-title", class: "basket" },
      element("h2", { id: "basket-title" }, "Basket"),
      this.list,
      this.said,
      element(
        "div",
        { class: "buttons" },
        this.save,
        this.clear,
        button("Close", () => dialogue.close()),
      ),
    );
    this.open = button("", () => dialogue.showModal(), { "aria-haspopup": "dialog" });
    this.root = element("span", {}, this.open, dialogue);
    this.refresh();
  }

  /** The basket of an index is kept by the browser. */
  know(index: string): void {
    this.index = index;
    try {
      const kept = JSON.parse(localStorage.getItem(`${KEY}:${index}`) ?? "[]");
      this.moments = Array.isArray(kept) ? kept.map(String) : [];
    } catch {
      this.moments = []; // a browser that stores nothing
    }
    this.refresh();
    this.onChange();
  }

  has(hit: Hit): boolean {
    return this.moments.includes(nameOf(hit));
  }

  toggle(hit: Hit): void {
    const name = nameOf(hit);
    this.set(this.has(hit) ? this.moments.filter((each) => each !== name) : [...this.moments, name]);
  }

  private set(moments: string[]): void {
    this.moments = moments;
    this.said.textContent = "";
    try {
      localStorage.setItem(`${KEY}:${this.index}`, JSON.stringify(moments));
    } catch {
      // as above
    }
    this.refresh();
    this.onChange();
  }

  private refresh(): void {
    const count = this.moments.length;
    this.open.textContent = count ? `Basket (${count})` : "Basket";
    this.save.disabled = this.clear.disabled = !count;
    const rows = this.moments.map((name) =>
      element(
        "li",
        {},
        element("span", {}, ...breakable(name)),
        button("×", () => this.set(this.moments.filter((each) => each !== name)), {
          class: "quiet",
          "aria-label": `Take out ${name}`,
        }),
      ),
    );
    const nothing = element(
      "li",
      { class: "hint" },
      "Keep a hit, and it is here. Moments are saved as BVH, each on its own rig.",
    );
    this.list.replaceChildren(...(rows.length ? rows : [nothing]));
  }

  private async download(): Promise<void> {
    this.said.textContent = "Cutting …";
    try {
      const { archive, missing } = await this.service.exports(this.moments);
      const url = URL.createObjectURL(archive);
      element("a", { href: url, download: "moments.zip" }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      this.said.textContent = missing
        ? `Saved, but ${missing} of ${this.moments.length} cannot be exported; “not exported.txt” in the archive says why.`
        : "Saved as moments.zip.";
    } catch (error) {
      this.said.textContent = (error as Error).message;
    }
  }
}

const nameOf = (hit: Hit): string => momentName(hit.clip, hit.start_s, hit.end_s);
