/** A report: one file that holds its data, opened from disk. */

import "./style.css";
import { button, element } from "./dom";
import { HitGrid } from "./grid";
import { helpButton } from "./help";
import { showPage } from "./layout";
import { Library } from "./library";
import { PairView } from "./pair";
import { type PlaybackData, readPlayback } from "./playback";
import { isForPage, Screen } from "./screen";
import { type Stages, stagesOfPage } from "./stages";
import { message, notes } from "./states";
import { span } from "./text";

const TITLES = { query: "Hits", explain: "Explanation", compare: "Comparison" };

class Report {
  private readonly main = element("main");
  private readonly heading = element("h1", { tabindex: "-1" });
  private readonly navigation = element("nav", { "aria-label": "Hits" });
  private readonly library: Library;
  private readonly screen: Screen;
  private opened = -1;

  constructor(
    private readonly data: PlaybackData,
    stages: Stages,
  ) {
    this.screen = new Screen(stages);
    this.library = new Library(data);
    document.title = `${TITLES[data.kind]}: ${data.motions.map((motion) => motion.name)[0] || "motion"}`;
    showPage(this.main, this.heading, this.navigation, helpButton());
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  /** Shows what the address names: `#hit-3`, or all hits. */
  private follow(): void {
    const named = Number(/^#hit-(\d+)$/.exec(location.hash)?.[1] ?? 0) - 1;
    const only = this.data.kind !== "query";
    this.open(only ? 0 : this.data.pairs[named] ? named : -1);
  }

  private open(at: number): void {
    const before = this.opened;
    this.opened = at;
    const view = at < 0 ? new HitGrid(this.library, (hit) => this.go(hit)) : this.pairView(at);
    this.main.replaceChildren(...[notes(this.data.notes), view.root].filter((child) => child !== null));
    this.screen.show(view);
    this.name();
    scrollTo(0, 0);
    if (view instanceof HitGrid && before >= 0) view.focus(before);
    else if (at >= 0 && before !== at && this.data.kind === "query") this.heading.focus({ preventScroll: true });
  }

  private pairView(at: number): PairView {
    const pair = this.library.pairs[at];
    const names = { query: ["Query", `Hit ${pair.data.rank}`], explain: ["Query", "Clip"], compare: ["A", "B"] }[
      this.data.kind
    ];
    const view = new PairView(this.library, pair, { query: names[0], other: names[1] });
    view.onArrange = () => this.screen.arrange();
    return view;
  }

  /** Heading and navigation. */
  private name(): void {
    const { query } = this.library;
    const name = query.data.name || "a motion";
    const when = span(query.timeS(0), query.timeS(query.frameCount));
    const only = this.data.kind !== "query";
    const other = this.data.motions[1]?.name;
    if (only) this.heading.textContent = `${name} and ${other}`;
    else if (this.opened < 0) this.heading.textContent = `${this.data.pairs.length} hits for ${name}, ${when}`;
    else this.heading.textContent = `Hit ${this.opened + 1} of ${this.data.pairs.length} for ${name}`;
    this.navigation.replaceChildren();
    if (only || this.opened < 0) return;
    const back = button("All hits", () => this.go(-1));
    const previous = button("Previous", () => this.go(this.opened - 1));
    const next = button("Next", () => this.go(this.opened + 1));
    previous.disabled = this.opened === 0;
    next.disabled = this.opened === this.data.pairs.length - 1;
    this.navigation.append(back, previous, next);
  }

  private go(at: number): void {
    location.hash = at < 0 ? "" : `#hit-${at + 1}`;
  }

  private key(event: KeyboardEvent): void {
    if (!isForPage(event)) return;
    if (event.key === " ") this.screen.shown?.clock.toggle();
    else if (this.data.kind === "query" && this.navigates(event.key)) return;
    else if (!this.screen.shown?.key(event.key)) return;
    event.preventDefault();
  }

  private navigates(key: string): boolean {
    const inGrid = this.opened < 0;
    if (/^\d$/.test(key)) this.goIfThere((Number(key) + 9) % 10);
    else if (key === "Escape" && !inGrid) this.go(-1);
    else if (key === "[" && !inGrid) this.goIfThere(this.opened - 1);
    else if (key === "]" && !inGrid) this.goIfThere(this.opened + 1);
    else return false;
    return true;
  }

  private goIfThere(at: number): void {
    if (this.data.pairs[at]) this.go(at);
  }
}

function refuse(title: string, ...lines: string[]): void {
  showPage(element("main", {}, message(title, ...lines)), element("h1", {}, "Report"), element("nav"), helpButton());
}

function start(): void {
  let data: PlaybackData;
  try {
    data = readPlayback(document.getElementById("playback")?.textContent ?? "{}");
  } catch (error) {
    refuse(
      "This report cannot be shown",
      (error as Error).message,
      "Write it again with the same version of mretrieve.",
    );
    return;
  }
  if (!data.pairs.length) {
    refuse("No moment was found", "No clip of the index meets the conditions of the query.", ...data.notes);
    return;
  }
  const stages = stagesOfPage();
  if (!stages) {
    refuse(
      "This browser cannot draw in 3D",
      "WebGL is switched off or missing. Switch it on, or open the report in another browser.",
    );
    return;
  }
  new Report(data, stages);
}

requestAnimationFrame(() => setTimeout(start)); // after the first paint: what follows takes longer than a frame
