/** The parts of the page that are always there: its header, the panel of the query, and the place for answers. */

import { button, element } from "../dom";
import { helpButton, KEYS, type Keys } from "../help";
import { themeButton } from "../theme";

const SEARCH_KEYS: Keys = [
  ["/", "name a clip or a moment"],
  ["m", "more like the hit"],
  ["x", "not this clip"],
  ["k", "keep the hit, or no longer"],
  ["s e", "start and end of a part, at the cursor"],
  ["Enter", "search for the part"],
];
const SAID_MS = 2500;

export class Frame {
  private readonly heading = element("h1", { tabindex: "-1" });
  private readonly navigation = element("nav", { "aria-label": "From hit to hit" });
  private readonly title = element("div", { class: "title" }, this.heading, this.navigation);
  private readonly content = element("div", { class: "content" });
  private readonly status = element("p", { class: "hidden", role: "status" });
  private readonly work: HTMLElement;
  private readonly options: HTMLButtonElement;

  constructor(finder: HTMLElement, starts: HTMLElement[], basket: HTMLElement, panel: HTMLElement) {
    this.options = button("Options", () => this.unfold(!this.work.classList.contains("unfolded")), {
      class: "options",
      "aria-controls": panel.id,
      "aria-expanded": "false",
    });
    const tools = [this.options, basket, linkButton(), helpButton([...KEYS, ...SEARCH_KEYS]), themeButton()];
    const header = element(
      "header",
      {},
      element("a", { class: "brand", href: "#" }, "mretrieve"),
      finder,
      ...starts,
      element("span", { class: "tools" }, ...tools),
    );
    const main = element("main", {}, this.title, this.content, this.status);
    this.work = element("div", { class: "work" }, panel, main);
    document.querySelector("header")?.remove();
    document.body.prepend(header, element("div", { class: "busy-bar", "aria-hidden": "true" }), this.work);
  }

  /** Shows an answer, or what there is to say instead. */
  show(title: string, navigation: HTMLElement[], notes: HTMLElement | null, content: HTMLElement): void {
    document.title = title ? `${title} – mretrieve` : "mretrieve";
    this.title.hidden = !title;
    this.heading.textContent = title;
    this.status.textContent = title;
    this.navigation.replaceChildren(...navigation);
    this.work.classList.remove("nothing");
    this.options.hidden = false;
    this.content.replaceChildren(...[notes, content].filter((child) => child !== null));
  }

  /** There is no query yet, and so no panel. */
  setEmpty(): void {
    this.work.classList.add("nothing");
    this.options.hidden = true;
    this.unfold(false);
  }

  setBusy(isBusy: boolean): void {
    document.body.classList.toggle("busy", isBusy);
    this.content.setAttribute("aria-busy", String(isBusy));
    if (isBusy) this.status.textContent = "Searching";
  }

  focusHeading(): void {
    this.heading.focus({ preventScroll: true });
  }

  private unfold(isUnfolded: boolean): void {
    this.work.classList.toggle("unfolded", isUnfolded);
    this.options.setAttribute("aria-expanded", String(isUnfolded));
  }
}

function linkButton(): HTMLElement {
  const made = button("Copy link", async () => {
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    made.textContent = copied ? "Copied" : "See the address";
    setTimeout(() => {
      made.textContent = "Copy link";
    }, SAID_MS);
  });
  return made;
}
