/** A video file or a recording, picture by picture. */

/** The browser cannot play a file. */
export class Unplayable extends Error {}

/** Shows a video in an element; its length in seconds. Unplayable: the browser cannot read it. */
export async function open(video: HTMLVideoElement, address: string): Promise<number> {
  await event(video, "loadeddata", () => {
    video.srcObject = null;
    video.src = address;
  });
  if (Number.isFinite(video.duration)) return video.duration;
  await event(video, "seeked", () => {
    video.currentTime = Number.MAX_SAFE_INTEGER; // recordings do not say how long they are until they have been read
  });
  return Number.isFinite(video.duration) ? video.duration : video.currentTime;
}

/** Shows the picture at a time. */
export async function seek(video: HTMLVideoElement, timeS: number): Promise<void> {
  await event(video, "seeked", () => {
    video.currentTime = timeS;
  });
}

function event(video: HTMLVideoElement, name: string, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => settle(resolve);
    const failed = () => settle(() => reject(new Unplayable()));
    const settle = (end: () => void) => {
      video.removeEventListener(name, done);
      video.removeEventListener("error", failed);
      end();
    };
    video.addEventListener(name, done);
    video.addEventListener("error", failed);
    begin();
  });
}
