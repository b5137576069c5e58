/** MediaPipe Pose, which runs in this page with files of the service: the joints of one person in a picture. */

import { drawnBySoftware } from "../quality";

/** A joint: in the picture as fractions of its width and height, or in metres from the middle of the hips, y down. */
export interface Landmark {
  x: number;
  y: number;
  z: number;
  visibility?: number;
}

/** The 33 joints of a person, in the picture and in space. Left is the person's own left. */
export interface Seen {
  inPicture: Landmark[];
  inSpace: Landmark[];
}

/** The part of `@mediapipe/pose` that is used. */
interface Pose {
  initialize(): Promise<void>;
  setOptions(options: Record<string, unknown>): void;
  onResults(listener: (results: { poseLandmarks?: Landmark[]; poseWorldLandmarks?: Landmark[] }) => void): void;
  send(inputs: { image: HTMLVideoElement }, atMs: number): Promise<void>;
  close(): Promise<void>;
}

declare global {
  interface Window {
    Pose?: new (config: { locateFile: (file: string) => string }) => Pose;
  }
}

const FOLDER = "/pose/";

/** The service has no pose model. */
export class NoModel extends Error {}

export class Detector {
  private found: Seen | null = null;
  private lastMs = 0;

  private constructor(private readonly pose: Pose) {
    pose.onResults(({ poseLandmarks, poseWorldLandmarks }) => {
      this.found =
        poseLandmarks && poseWorldLandmarks ? { inPicture: poseLandmarks, inSpace: poseWorldLandmarks } : null;
    });
  }

  /** NoModel: the service has none. */
  static async load(): Promise<Detector> {
    if (!window.Pose) await loadScript(`${FOLDER}pose.js`);
    if (!window.Pose) throw new NoModel();
    const pose = new window.Pose({ locateFile: (file) => FOLDER + file });
    pose.setOptions({
      modelComplexity: 1,
      smoothLandmarks: true,
      selfieMode: false, // mirrored pictures would exchange left and right
      useCpuInference: drawnBySoftware(),
    });
    await pose.initialize();
    return new Detector(pose);
  }

  /** The person in the present picture of a video; null for none. Pictures of one video come in order of their time. */
  async find(video: HTMLVideoElement, atMs: number): Promise<Seen | null> {
    this.lastMs = Math.max(atMs, this.lastMs + 1); // MediaPipe stops for good if time does not go on
    this.found = null;
    await this.pose.send({ image: video }, this.lastMs);
    return this.found;
  }

  close(): void {
    void this.pose.close();
  }
}

function loadScript(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new NoModel()));
    document.head.append(script);
  });
}
