/** The field in which a clip or a moment is named, and the clips of the library whose names are like what is typed. */

import { element } from "../dom";
import { seconds } from "../text";
import { type ClipFacts, Refused, type Service } from "./service";

const MOST_SHOWN = 12;
const PAUSE_MS = 120;

export class Finder {
  readonly root: HTMLFormElement;
  private readonly input = element("input", {
    type: "search",
    id: "finder",
    role: "combobox",
    placeholder: "Clip or moment, as walk.bvh@3.20-5.43",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": "Clip or moment to search for",
    "aria-expanded": "false",
    "aria-controls": "found-clips",
    "aria-autocomplete": "list",
  });
  private readonly list = element("ul", { id: "found-clips", role: "listbox", "aria-label": "Clips of the library" });
  private at = -1;
  private asked: AbortController | null = null;
  private waiting = 0;

  constructor(
    private readonly service: Service,
    private readonly onChoose: (name: string) => void,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.list.hidden = true;
    this.root = element("form", { class: "finder", role: "search" }, this.input, this.list);
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = this.list.children[this.at] as HTMLElement | undefined;
      this.choose(chosen?.dataset.clip ?? this.input.value.trim());
    });
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("focus", () => this.look());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  focus(): void {
    this.input.focus();
    this.input.select();
  }

  /** What is searched for. */
  show(name: string): void {
    if (name !== this.input.value) this.close(); // another search has begun, by a dropped file or a link
    this.input.value = name;
  }

  private look(): void {
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => this.suggest(), PAUSE_MS);
  }

  private async suggest(): Promise<void> {
    this.asked?.abort();
    this.asked = new AbortController();
    const typed = this.input.value.trim().replace(/@[\d.]*-?[\d.]*$/, "");
    const like = typed.replace(/[\\%_]/g, "\\$&").replaceAll("'", "''");
    try {
      const page = await this.service.clips(like ? `clip LIKE '%${like}%'` : "", 0, MOST_SHOWN, this.asked.signal);
      this.fill(page.clips, page.total);
    } catch (error) {
      if ((error as Error).name === "AbortError") return;
      if (error instanceof Refused && error.status !== 401) this.close();
      else this.onFailure(error);
    }
  }

  private fill(clips: ClipFacts[], total: number): void {
    this.at = -1;
    this.list.replaceChildren(...clips.map((clip, at) => this.option(clip, at)));
    if (total > clips.length)
      this.list.append(element("li", { class: "more", "aria-disabled": "true" }, `and ${total - clips.length} more`));
    const shown = clips.length > 0 && document.activeElement === this.input;
    this.list.hidden = !shown;
    this.input.setAttribute("aria-expanded", String(shown));
    this.mark(-1);
  }

  private option(clip: ClipFacts, at: number): HTMLElement {
    const label = clip.labels.label ?? "";
    const made = element(
      "li",
      { role: "option", id: `found-${at}`, "data-clip": clip.clip, "aria-selected": "false" },
      element("span", { class: "text" }, clip.clip),
      element("span", { class: "about" }, [label, seconds(clip.duration_s)].filter(Boolean).join(" · ")),
    );
    made.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus until the clip is chosen
      this.choose(clip.clip);
    });
    return made;
  }

  private key(event: KeyboardEvent): void {
    const count = this.list.querySelectorAll("[role=option]").length;
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown" && count) this.mark((this.at + 1) % count);
    else if (event.key === "ArrowUp" && count) this.mark((this.at - 1 + count) % count);
    else return;
    event.preventDefault();
  }

  private mark(at: number): void {
    this.at = at;
    [...this.list.querySelectorAll("[role=option]")].forEach((option, each) => {
      option.setAttribute("aria-selected", String(each === at));
      if (each === at) option.scrollIntoView({ block: "nearest" });
    });
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `found-${at}`);
  }

  private choose(name: string): void {
    if (!name) return;
    this.close();
    this.input.value = name;
    this.input.blur();
    this.onChoose(name);
  }

  private close(): void {
    clearTimeout(this.waiting);
    this.asked?.abort();
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
  }
}
