/** The loop that draws the view that is shown, as long as something in it moves. */

import type { Stages } from "./stages";
import { onThemeChange } from "./theme";
import type { View } from "./view";

/** Nothing is drawn while nothing changes; after an event, until what it started has come to rest. */
const DRAW_AFTER_EVENT_MS = 600;
/** A page that was hidden goes on from where it was. */
const LONGEST_STEP_MS = 250;
const EVENTS = ["pointermove", "pointerdown", "keydown", "input", "change", "click", "scroll", "resize", "wheel"];

export class Screen {
  private view: View | null = null;
  private plays = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  private drawUntil = 0;
  private changed = true;

  constructor(private readonly stages: Stages) {
    onThemeChange(() => {
      this.view?.repaint();
      this.wake();
    });
    for (const event of EVENTS) addEventListener(event, () => this.wake(), { passive: true, capture: true });
    let before = Number.POSITIVE_INFINITY; // of the first picture no time has passed
    const tick = (now: number) => {
      const clocks = [this.view?.clock, this.view?.alone];
      for (const clock of clocks) clock?.advance(Math.min(Math.max(now - before, 0), LONGEST_STEP_MS) / 1000);
      before = now;
      if (clocks.some((clock) => clock?.playing) || this.changed || now < this.drawUntil) this.stages.draw();
      this.changed = false; // a slow machine may draw its next picture long after the event, but draws one
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  get shown(): View | null {
    return this.view;
  }

  /** Shows another view, which plays if the one before did; null for none. */
  show(view: View | null): void {
    if (this.view && !this.view.isStill) this.plays = this.view.clock.playing;
    this.view?.dispose();
    this.view = view;
    this.arrange();
    if (view && !view.isStill && this.plays) view.clock.play();
  }

  /** The view has other stages than before. */
  arrange(): void {
    this.stages.show(this.view?.stages ?? []);
    this.wake();
  }

  wake(): void {
    this.changed = true;
    this.drawUntil = performance.now() + DRAW_AFTER_EVENT_MS;
  }
}

/** Whether a key belongs to the page, rather than to the element that has the focus. */
export function isForPage(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  if (target.closest("dialog, select, textarea, input:not([type=range], [type=checkbox], [type=radio])")) return false;
  if (event.key === " " || event.key === "Enter") return !target.closest("button, input, a, summary, [role=button]");
  return !(event.key.startsWith("Arrow") && target.matches("input"));
}
