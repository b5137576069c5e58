/** The ground: a grid that fades out, the path of the hips, and where the feet stand. */

import {
  BufferAttribute,
  BufferGeometry,
  CircleGeometry,
  Color,
  Group,
  InstancedMesh,
  Line,
  LineBasicMaterial,
  LineSegments,
  Matrix4,
  MeshBasicMaterial,
  ShaderMaterial,
} from "three";
import { BODIES, GROUND, type Theme } from "./colours";
import { contactsOf } from "./contacts";
import type { Motion } from "./motion";

const CELL_M = 0.5;
const CELLS = 6; // from the middle to each side
const FOOT_RADIUS_M = 0.06;

const FADING_VERTEX = /* glsl */ `
  varying vec2 place;
  void main() {
    place = position.xz;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }
`;
const FADING_FRAGMENT = /* glsl */ `
  varying vec2 place;
  uniform vec3 tint;
  void main() {
    gl_FragColor = vec4(tint, 1.0 - smoothstep(0.9, ${(CELL_M * CELLS).toFixed(1)}, length(place)));
  }
`;

/** Materials of all stages, which are never disposed of, so that no program is compiled again. */
const GRID_MATERIAL = new ShaderMaterial({
  vertexShader: FADING_VERTEX,
  fragmentShader: FADING_FRAGMENT,
  uniforms: { tint: { value: new Color() } },
  transparent: true,
  depthWrite: false,
});
const LINE_MATERIAL = new LineBasicMaterial();
const PRINT_MATERIAL = new MeshBasicMaterial({ depthWrite: false });

export class Grid {
  readonly object = new LineSegments(gridLines(), GRID_MATERIAL);

  /** Keeps the grid under a body that travels, without the lines appearing to move with it. */
  moveTo(x: number, z: number): void {
    this.object.position.set(Math.round(x / CELL_M) * CELL_M, 0, Math.round(z / CELL_M) * CELL_M);
  }

  paint(theme: Theme): void {
    GRID_MATERIAL.uniforms.tint.value.setRGB(...GROUND[theme].lines);
  }

  dispose(): void {
    this.object.geometry.dispose();
  }
}

/** The path of one body and its footprints, those of the present stronger. */
export class Track {
  readonly object = new Group();
  private readonly contacts;
  private readonly prints;
  private readonly line;

  constructor(
    motion: Motion,
    private readonly role: "query" | "other",
  ) {
    const points = new Float32Array(3 * motion.frameCount);
    for (let frame = 0; frame < motion.frameCount; frame++) {
      const [x, z] = motion.place(frame);
      points.set([x, 0.004, z], 3 * frame);
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(points, 3));
    this.line = new Line(geometry, LINE_MATERIAL);
    this.contacts = contactsOf(motion);
    const circle = new CircleGeometry(FOOT_RADIUS_M, 14).rotateX(-Math.PI / 2);
    this.prints = new InstancedMesh(circle, PRINT_MATERIAL, this.contacts.length);
    this.contacts.forEach(({ x, z }, at) => {
      this.prints.setMatrixAt(at, new Matrix4().makeTranslation(x, 0.006, z));
    });
    this.prints.frustumCulled = false;
    this.line.frustumCulled = false;
    this.object.add(this.line, this.prints);
  }

  paint(frame: number, theme: Theme): void {
    const { lines, path } = GROUND[theme];
    LINE_MATERIAL.color.setRGB(...path);
    this.contacts.forEach(({ side, startFrame, endFrame }, at) => {
      const stands = frame >= startFrame && frame < endFrame;
      this.prints.setColorAt(at, new Color(...(stands ? BODIES[theme][this.role][side] : lines)));
    });
    if (this.prints.instanceColor) this.prints.instanceColor.needsUpdate = true;
  }

  dispose(): void {
    this.line.geometry.dispose();
    this.prints.geometry.dispose();
    this.prints.dispose();
  }
}

function gridLines(): BufferGeometry {
  const points: number[] = [];
  const end = CELLS * CELL_M;
  for (let at = -end; at <= end; at += CELL_M) points.push(at, 0, -end, at, 0, end, -end, 0, at, end, 0, at);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(points), 3));
  return geometry;
}
