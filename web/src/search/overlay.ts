/** The joints that were found, drawn over the picture. */

import { BODIES, cssColour } from "../colours";
import { theme } from "../theme";
import type { Landmark } from "./detector";

type Bones = [number, number][];
const BONES: Record<"left" | "right" | "middle", Bones> = {
  left: [[11, 13], [13, 15], [23, 25], [25, 27], [27, 31]], // biome-ignore format: pairs
  right: [[12, 14], [14, 16], [24, 26], [26, 28], [28, 32]], // biome-ignore format: pairs
  middle: [[11, 12], [11, 23], [12, 24], [23, 24]], // biome-ignore format: pairs
};
const WIDTH = 0.012;
const DOUBTFUL = 0.3;

/** Draws a body, or nothing, on a canvas as large as the picture. */
export function drawJoints(canvas: HTMLCanvasElement, video: HTMLVideoElement, joints: Landmark[] | null): void {
  const { videoWidth: width, videoHeight: height } = video;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d")!;
  pen.clearRect(0, 0, width, height);
  if (!joints) return;
  pen.lineWidth = WIDTH * Math.min(width, height);
  pen.lineCap = "round";
  const colours = BODIES[theme()].other;
  for (const [side, bones] of Object.entries(BONES) as [keyof typeof BONES, Bones][])
    for (const [from, to] of bones) {
      const sure = Math.min(joints[from].visibility ?? 1, joints[to].visibility ?? 1);
      pen.strokeStyle = cssColour(sure < DOUBTFUL ? colours.unseen : colours[side]);
      pen.beginPath();
      pen.moveTo(joints[from].x * width, joints[from].y * height);
      pen.lineTo(joints[to].x * width, joints[to].y * height);
      pen.stroke();
    }
}
