/** Stages are elements of the page in which bodies move; one canvas with one WebGL context draws all of them. */

import { LinearSRGBColorSpace, type Object3D, PerspectiveCamera, Scene, WebGLRenderer } from "three";
import { element } from "./dom";
import { quality } from "./quality";
import type { Target, Viewpoint } from "./viewpoint";

const FIELD_OF_VIEW_DEGREES = 28;

export class Stage {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(FIELD_OF_VIEW_DEGREES, 1, 0.1, 100);
  target: Target = { x: 0, y: 0.9, z: 0, radius: 1.2 };
  /** Brings the bodies to the present; called before each drawing if the stage can be seen. */
  update: () => void = () => {};

  constructor(
    readonly element: HTMLElement,
    readonly viewpoint: Viewpoint,
    ...objects: Object3D[]
  ) {
    this.scene.add(...objects);
  }
}

export class Stages {
  private stages: Stage[] = [];
  private readonly renderer: WebGLRenderer;

  /** Throws an error if the browser draws nothing in 3D. */
  constructor(private readonly canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, alpha: true, antialias: quality().antialias });
    this.renderer.setPixelRatio(quality().pixelRatio);
    this.renderer.outputColorSpace = LinearSRGBColorSpace; // colours are shown as they are written
    this.renderer.setScissorTest(true);
    this.renderer.autoClear = false; // the canvas is cleared once for all stages
  }

  show(stages: Stage[]): void {
    this.stages = stages;
    this.canvas.hidden = !stages.length;
  }

  /**
   * Draws what can be seen. The canvas covers no more of the window than the stages: a processor that draws takes as long
   * for a canvas as for all bodies on it.
   */
  draw(): void {
    const { clientWidth, clientHeight } = document.documentElement;
    const seen = this.stages
      .map((stage) => ({ stage, box: stage.element.getBoundingClientRect() }))
      .filter(({ box }) => box.bottom > 0 && box.top < clientHeight && box.width >= 1 && box.height >= 1);
    if (!seen.length) {
      this.clear();
      return;
    }
    const left = Math.floor(Math.max(Math.min(...seen.map(({ box }) => box.left)), 0));
    const top = Math.floor(Math.max(Math.min(...seen.map(({ box }) => box.top)), 0));
    const right = Math.ceil(Math.min(Math.max(...seen.map(({ box }) => box.right)), clientWidth));
    const bottom = Math.ceil(Math.min(Math.max(...seen.map(({ box }) => box.bottom)), clientHeight));
    this.resize(Math.max(right - left, 1), Math.max(bottom - top, 1));
    // it scrolls with the page until the next drawing
    this.canvas.style.transform = `translate(${left + scrollX}px, ${top + scrollY}px)`;
    this.clear();
    for (const { stage, box } of seen)
      this.drawStage(stage, box.left - left, bottom - box.bottom, box.width, box.height);
  }

  /** Draws a stage where nobody sees it, unless others are shown. */
  rehearse(stage: Stage): void {
    if (!this.stages.length) this.drawStage(stage, 0, 0, 1, 1);
  }

  private drawStage(stage: Stage, left: number, bottom: number, width: number, height: number): void {
    stage.update();
    stage.viewpoint.point(stage.camera, stage.target, width / height);
    this.renderer.setViewport(left, bottom, width, height);
    this.renderer.setScissor(left, bottom, width, height);
    this.renderer.render(stage.scene, stage.camera);
  }

  private resize(width: number, height: number): void {
    const ratio = this.renderer.getPixelRatio();
    if (this.canvas.width !== Math.floor(width * ratio) || this.canvas.height !== Math.floor(height * ratio))
      this.renderer.setSize(width, height);
  }

  private clear(): void {
    const { width, height } = this.canvas;
    this.renderer.setScissor(0, 0, width, height);
    this.renderer.clear();
  }
}

/** The stages of a page, on a canvas of their own; null if the browser draws nothing in 3D. */
export function stagesOfPage(): Stages | null {
  const canvas = element("canvas", { id: "canvas", "aria-hidden": "true" });
  document.body.append(canvas);
  try {
    return new Stages(canvas);
  } catch {
    canvas.remove();
    return null;
  }
}
