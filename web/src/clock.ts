/** One time for everything that moves on the page. */

export const SPEEDS = [0.25, 0.5, 1, 2];

export class Clock {
  timeS = 0;
  playing = false;
  speed = 1;
  /** Called after each change of time, and of whether it runs. */
  onChange: () => void = () => {};

  constructor(public durationS: number) {}

  play(): void {
    this.playing = true;
    this.onChange();
  }

  pause(): void {
    this.playing = false;
    this.onChange();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(timeS: number): void {
    this.timeS = Math.min(Math.max(timeS, 0), this.durationS);
    this.onChange();
  }

  /** `passedS`: seconds since the last call. At the end it begins again. */
  advance(passedS: number): void {
    if (!this.playing || this.durationS <= 0) return;
    this.timeS = (this.timeS + passedS * this.speed) % this.durationS;
    this.onChange();
  }
}
