/** The choice of a camera. */

import { Choice } from "./dom";
import type { Camera, Viewpoint } from "./viewpoint";

const NAMES: Record<Camera, string> = { free: "Free", front: "Front", side: "Side", top: "Top" };

export function cameraChoice(viewpoint: Viewpoint): HTMLElement {
  const choice = new Choice<Camera>("Camera", NAMES, "free", (camera) => viewpoint.look(camera));
  viewpoint.onTurn = () => choice.choose("free");
  return choice.root;
}
