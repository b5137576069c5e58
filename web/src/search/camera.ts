/** The camera: its picture, and a recording of it. */

/** The camera cannot be used; the message says why. */
export class NoCamera extends Error {}

const REASONS: Record<string, string> = {
  NotAllowedError:
    "The browser does not allow this page to use the camera. Allow it beside the address, and try again.",
  NotFoundError: "No camera was found. Connect one, or open a video.",
  NotReadableError: "The camera is used by another program. Close it there, and try again.",
};

/** The picture of the camera. NoCamera: there is none, or the page may not use it. */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices)
    throw new NoCamera(
      "Browsers give the camera only to pages of this machine (http://127.0.0.1 or localhost) and to those over HTTPS.",
    );
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 960 }, height: { ideal: 720 } } });
  } catch (error) {
    const { name, message } = error as Error;
    throw new NoCamera(REASONS[name] ?? `The camera does not start: ${message}`);
  }
}

/** Records until it is stopped. The browser does so in threads of its own, even if the page is busy. */
export class Recording {
  private readonly recorder: MediaRecorder;
  private readonly parts: Blob[] = [];
  private readonly ended: Promise<void>;

  private constructor(stream: MediaStream) {
    this.recorder = new MediaRecorder(stream);
    this.recorder.addEventListener("dataavailable", ({ data }) => this.parts.push(data));
    this.ended = new Promise((resolve) => this.recorder.addEventListener("stop", () => resolve()));
  }

  /** A recording that has begun. */
  static async started(stream: MediaStream): Promise<Recording> {
    const recording = new Recording(stream);
    await new Promise<void>((resolve) => {
      recording.recorder.addEventListener("start", () => resolve());
      recording.recorder.start();
    });
    return recording;
  }

  async stop(): Promise<Blob> {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    await this.ended;
    return new Blob(this.parts, { type: this.recorder.mimeType });
  }
}
