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
  }

  show(stages: Stage[]): void {
    this.stages = stages;
    this.canvas.hidden = !stages.length;
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    const ratio = this.renderer.getPixelRatio();
    if (this.canvas.width !== Math.floor(width * ratio) || this.canvas.height !== Math.floor(height * ratio))
      this.renderer.setSize(width, height);
    this.canvas.style.transform = `translate(${scrollX}px, ${scrollY}px)`; // it scrolls with the page until the next drawing
    this.renderer.setScissor(0, 0, width, height);
    this.renderer.clear();
    for (const stage of this.stages) {
      const box = stage.element.getBoundingClientRect();
      if (box.bottom <= 0 || box.top >= height || box.width < 1 || box.height < 1) continue;
      stage.update();
      stage.viewpoint.point(stage.camera, stage.target, box.width / box.height);
      this.renderer.setViewport(box.left, height - box.bottom, box.width, box.height);
      this.renderer.setScissor(box.left, height - box.bottom, box.width, box.height);
      this.renderer.render(stage.scene, stage.camera);
    }
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
