/** Searching by acting: a person in front of the camera, or in a video, becomes a query. Nothing leaves the machine. */

import { Clock } from "../clock";
import { button, Choice, element } from "../dom";
import type { Stage } from "../stages";
import type { View } from "../view";
import { NoCamera, openCamera, Recording } from "./camera";
import { Detector, NoModel, type Seen } from "./detector";
import { openButton } from "./files";
import { open, seek, Unplayable } from "./film";
import { drawJoints } from "./overlay";
import { fileOf, type Sample, steady, type Take } from "./take";

/** Pictures of a video that are looked at, and of a live take if as many come. */
const FPS = 20;
/** If fewer pictures a second are looked at live, a take is read from its recording afterwards. */
const LEAST_LIVE_FPS = 15;
const LONGEST_VIDEO_S = 60;
/** The detector smooths over time: nothing from one video to the next. */
const BREAK_S = 2;
/** How much a picture counts for the mean time that one takes. */
const SMOOTHING = 0.2;
const LENGTHS_S = [2, 3, 5, 10];
const COUNT_FROM = 3;
const NO_MODEL =
  "The pose model is not part of this installation. In a checkout, “make web” adds it, which needs Node.js.";

export class ActingView implements View {
  readonly root: HTMLElement;
  readonly clock = new Clock(0);
  readonly stages: Stage[] = [];
  private readonly video = element("video", { muted: "", playsinline: "" });
  private readonly drawing = element("canvas", { "aria-hidden": "true" });
  private readonly count = element("p", { class: "count", role: "status" });
  private readonly picture = element("div", { class: "picture" }, this.video, this.drawing, this.count);
  private readonly said = element("p", { class: "hint", role: "status" });
  private readonly start = button("Start the camera", () => void this.act(() => this.preview()), { class: "primary" });
  private readonly record = button("Record", () => void this.act(() => this.take()), { class: "primary" });
  private readonly length = element(
    "select",
    {},
    ...LENGTHS_S.map((seconds) => element("option", { value: String(seconds) }, `${seconds} s`)),
  );
  private detector: Detector | null = null;
  private stream: MediaStream | null = null;
  private samples: Sample[] | null = null;
  private inSpace = false;
  /** Seconds that a picture takes while the camera is watched. */
  private intervalS = 0;
  private isWatching = false;
  /** Settled when the camera is no longer watched. */
  private watched: Promise<void> = Promise.resolve();
  private isOver = false;

  constructor(private readonly onQuery: (file: File) => void) {
    this.video.muted = true;
    this.length.value = "3";
    this.record.hidden = true;
    const comparison = new Choice<"space" | "picture">(
      "How it is compared",
      { picture: "As the camera sees it", space: "In space" },
      "picture",
      (chosen) => {
        this.inSpace = chosen === "space";
      },
    );
    this.root = element(
      "section",
      { class: "acting", "aria-label": "Act it out" },
      this.picture,
      element(
        "div",
        { class: "controls" },
        this.start,
        this.record,
        element("label", { class: "field" }, element("span", {}, "Length"), this.length),
        openButton((files) => this.show(files[0]), {}, "Open a video …", "Video"),
        comparison.root,
      ),
      this.said,
    );
    this.say("The picture stays in this browser. Step back until all of you is seen.");
  }

  /** A video file is searched for; by the service if the page cannot read it. */
  show(file: File): void {
    void this.act(async () => {
      try {
        await this.read(file, file.name);
      } catch (error) {
        if (!(error instanceof NoModel || error instanceof Unplayable)) throw error;
        if (!this.isOver) this.onQuery(file);
      }
    });
  }

  repaint(): void {}

  key(): boolean {
    return false;
  }

  dispose(): void {
    this.isOver = true;
    this.closeCamera();
    this.detector?.close();
  }

  /** Does one thing at a time, and says why if it cannot be done. */
  private async act(action: () => Promise<void>): Promise<void> {
    this.start.disabled = this.record.disabled = true;
    try {
      await action();
    } catch (error) {
      if (this.isOver) return;
      if (error instanceof NoModel) this.say(NO_MODEL);
      else if (error instanceof NoCamera) this.say(error.message);
      else throw error;
    } finally {
      this.start.disabled = this.record.disabled = false;
    }
  }

  private async preview(): Promise<void> {
    const stream = await openCamera();
    if (this.isOver) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.stream = stream;
    this.picture.classList.add("mirrored");
    this.video.srcObject = stream;
    await this.video.play();
    await this.ready();
    this.start.hidden = true;
    this.record.hidden = false;
    this.say("Step back until all of you is seen, then record.");
    this.watched = this.watch();
  }

  /** Finds the person in the picture of the camera again and again. */
  private async watch(): Promise<void> {
    const detector = await this.ready();
    this.isWatching = true;
    while (this.isWatching) {
      const timeS = performance.now() / 1000;
      const seen = await detector.find(this.video, 1000 * timeS);
      this.draw(seen);
      this.samples?.push({ timeS, seen });
      await new Promise(requestAnimationFrame);
      this.intervalS += SMOOTHING * (performance.now() / 1000 - timeS - this.intervalS);
    }
    this.draw(null);
  }

  private async take(): Promise<void> {
    for (let left = COUNT_FROM; left > 0; left--) {
      this.count.textContent = String(left);
      await pause(1);
    }
    this.count.textContent = "";
    if (!this.stream) return; // the page shows something else by now
    this.picture.classList.add("recording");
    this.say("Recording …");
    const seconds = Number(this.length.value);
    const isLive = LEAST_LIVE_FPS * this.intervalS < 1;
    this.isWatching = isLive; // the recorder needs what a slow machine has
    const recording = await Recording.started(this.stream);
    const samples: Sample[] = [];
    this.samples = samples;
    await pause(seconds);
    const recorded = await recording.stop();
    this.samples = null;
    this.picture.classList.remove("recording");
    if (this.isOver) return;
    const name = `acted ${new Date().toTimeString().slice(0, 8).replaceAll(":", ".")}.json`;
    if (isLive && samples.length > LEAST_LIVE_FPS) {
      const { videoWidth: width, videoHeight: height } = this.video;
      this.search({ fps: FPS, frames: steady(samples, FPS), width, height }, name);
    } else await this.read(recorded, name);
  }

  /** Finds the person in each picture of a video. */
  private async read(content: Blob, name: string): Promise<void> {
    const isTake = this.stream !== null;
    this.closeCamera();
    this.picture.classList.toggle("mirrored", isTake);
    await this.watched; // one picture at a time
    const detector = await this.ready();
    const address = URL.createObjectURL(content);
    try {
      const durationS = Math.min(await open(this.video, address), LONGEST_VIDEO_S);
      const beganMs = performance.now() + 1000 * BREAK_S;
      const count = Math.max(Math.floor(durationS * FPS), 1);
      const frames: (Seen | null)[] = [];
      for (let frame = 0; frame < count && !this.isOver; frame++) {
        await seek(this.video, (frame + 0.5) / FPS);
        const seen = await detector.find(this.video, beganMs + (1000 * frame) / FPS);
        this.draw(seen);
        frames.push(seen);
        this.say(`Looking at picture ${frame + 1} of ${count} …`);
      }
      const { videoWidth: width, videoHeight: height } = this.video;
      if (!this.isOver) this.search({ fps: FPS, frames, width, height }, name.replace(/\.\w+$/, ".json"));
    } finally {
      URL.revokeObjectURL(address);
    }
  }

  private search(take: Take, name: string): void {
    if (take.frames.some((seen) => seen)) this.onQuery(fileOf(take, name, this.inSpace));
    else this.say("Nobody was seen. Step back until all of you is in the picture, with light from the front.");
  }

  private async ready(): Promise<Detector> {
    if (this.detector) return this.detector;
    this.say("Loading the pose model …");
    this.detector = await Detector.load();
    return this.detector;
  }

  private draw(seen: Seen | null): void {
    drawJoints(this.drawing, this.video, seen?.inPicture ?? null);
  }

  private say(text: string): void {
    this.said.textContent = text;
  }

  private closeCamera(): void {
    this.isWatching = false;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.start.hidden = false;
    this.record.hidden = true;
  }
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
