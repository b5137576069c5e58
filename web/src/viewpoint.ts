/** From where bodies are seen: turned by dragging, or one of the fixed views; near enough to fill the stage. */

import type { PerspectiveCamera } from "three";

export type Camera = "free" | "front" | "side" | "top";

const ANGLES: Record<Camera, [number, number]> = {
  free: [35, 12],
  front: [0, 4],
  side: [-90, 4], // the body faces to the right
  top: [0, 89],
};
const RADIANS = Math.PI / 180;
const PER_PIXEL = 0.4 * RADIANS;

export interface Target {
  x: number;
  y: number;
  z: number;
  radius: number;
}

export class Viewpoint {
  private yaw = 0;
  private pitch = 0;
  private zoom = 1;
  /** Called if dragging has turned a fixed view into a free one. */
  onTurn: () => void = () => {};

  constructor() {
    this.look("free");
  }

  look(camera: Camera): void {
    [this.yaw, this.pitch] = ANGLES[camera].map((degrees) => degrees * RADIANS);
    this.zoom = 1;
  }

  turn(pixelsX: number, pixelsY: number): void {
    this.yaw -= pixelsX * PER_PIXEL;
    this.pitch = Math.min(Math.max(this.pitch + pixelsY * PER_PIXEL, -5 * RADIANS), 89 * RADIANS);
    this.onTurn();
  }

  magnify(factor: number): void {
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.4), 4);
  }

  /** Points a camera so that a ball around the target fits. */
  point(camera: PerspectiveCamera, target: Target, aspect: number): void {
    const half = (camera.fov * RADIANS) / 2;
    const narrower = aspect < 1 ? Math.atan(Math.tan(half) * aspect) : half;
    const distance = target.radius / Math.sin(narrower) / this.zoom;
    const flat = distance * Math.cos(this.pitch);
    camera.position.set(
      target.x + flat * Math.sin(this.yaw),
      target.y + distance * Math.sin(this.pitch),
      target.z + flat * Math.cos(this.yaw),
    );
    camera.lookAt(target.x, target.y, target.z);
    camera.aspect = aspect;
    camera.near = Math.max(distance - 8, 0.05);
    camera.far = distance + 12;
    camera.updateProjectionMatrix();
  }
}

/** Lets an element's stage be turned by dragging; a drag is not a click. */
export function turnByDragging(stage: HTMLElement, viewpoint: Viewpoint): void {
  let dragged = 0;
  let at: [number, number] | null = null;
  stage.addEventListener("pointerdown", (event) => {
    dragged = 0;
    at = [event.clientX, event.clientY];
  });
  stage.addEventListener("pointermove", (event) => {
    if (!at || !event.buttons) return;
    const [x, y] = [event.clientX - at[0], event.clientY - at[1]];
    at = [event.clientX, event.clientY];
    dragged += Math.abs(x) + Math.abs(y);
    if (dragged > 4 && !stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
    viewpoint.turn(x, y);
  });
  stage.addEventListener("click", (event) => {
    if (dragged > 4) event.stopPropagation();
    if (dragged > 4) event.preventDefault();
    dragged = 0;
  });
}
