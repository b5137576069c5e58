/** Capsules whose two ends have radii of their own, any number of them in one draw call. */

import {
  BufferAttribute,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  ShaderMaterial,
} from "three";
import { quality, type Roundness, type Size } from "./quality";

const VERTEX = /* glsl */ `
  attribute float end;
  attribute vec3 from;
  attribute vec3 to;
  attribute vec2 radii;
  attribute vec3 tint;
  varying vec3 shade;
  const vec3 LIGHT = vec3(0.35, 0.86, 0.37);

  void main() {
    vec3 axis = to - from;
    float size = length(axis);
    vec3 up = size > 1e-5 ? axis / size : vec3(0.0, 1.0, 0.0);
    vec3 across = normalize(cross(abs(up.y) < 0.9 ? vec3(0.0, 1.0, 0.0) : vec3(1.0, 0.0, 0.0), up));
    vec3 outwards = across * position.x + up * position.y + cross(across, up) * position.z;
    vec3 place = mix(from, to, end) + outwards * mix(radii.x, radii.y, end);
    vec4 seen = modelViewMatrix * vec4(place, 1.0);
    float lit = 0.5 + 0.5 * dot(outwards, LIGHT);
    float facing = abs(dot(normalize(normalMatrix * outwards), normalize(seen.xyz)));
    shade = tint * (0.62 + 0.46 * lit) * (0.82 + 0.18 * facing);
    gl_Position = projectionMatrix * seen;
  }
`;

const FRAGMENT = /* glsl */ `
  varying vec3 shade;
  void main() {
    gl_FragColor = vec4(shade, 1.0);
  }
`;

/** One for all bodies, and never disposed of: a program takes longer to compile than ten bodies to draw. */
const MATERIAL = new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT });

export class Capsules {
  readonly mesh: Mesh;
  readonly from: InstancedBufferAttribute;
  readonly to: InstancedBufferAttribute;
  readonly radii: InstancedBufferAttribute;
  readonly tints: InstancedBufferAttribute;

  constructor(count: number, size: Size) {
    const attribute = (size: number) => {
      const made = new InstancedBufferAttribute(new Float32Array(size * count), size);
      made.setUsage(DynamicDrawUsage);
      return made;
    };
    const geometry = unitCapsule(quality()[size]);
    this.from = attribute(3);
    this.to = attribute(3);
    this.radii = attribute(2);
    this.tints = attribute(3);
    geometry.setAttribute("from", this.from);
    geometry.setAttribute("to", this.to);
    geometry.setAttribute("radii", this.radii);
    geometry.setAttribute("tint", this.tints);
    geometry.instanceCount = count;
    this.mesh = new Mesh(geometry, MATERIAL);
    this.mesh.frustumCulled = false; // its extent is known to the shader alone
  }

  dispose(): void {
    this.mesh.geometry.dispose();
  }
}

/** From pole to pole, with the equator once for each end. */
function unitCapsule({ around, latitudes }: Roundness): InstancedBufferGeometry {
  const directions: number[] = [];
  const ends: number[] = [];
  const triangles: number[] = [];
  const rings = [...latitudes.map((degrees) => -degrees).reverse(), ...latitudes];
  let before: number[] = [];
  rings.forEach((degrees, ring) => {
    const latitude = (degrees * Math.PI) / 180;
    const corners = Math.abs(degrees) === 90 ? 1 : around;
    const here = Array.from({ length: around }, (_, step) => ends.length + (step % corners));
    for (let corner = 0; corner < corners; corner++) {
      const longitude = (2 * Math.PI * corner) / around;
      const [across, along] = [Math.cos(latitude), Math.sin(latitude)];
      directions.push(across * Math.cos(longitude), along, across * Math.sin(longitude));
      ends.push(ring < rings.length / 2 ? 0 : 1);
    }
    for (let step = 0; step < around && ring > 0; step++) {
      const [a, b, c, d] = [before, here].flatMap((row) => [row[step], row[(step + 1) % around]]);
      if (c !== d) triangles.push(b, c, d);
      if (a !== b) triangles.push(a, c, b);
    }
    before = here;
  });
  const geometry = new InstancedBufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(directions), 3));
  geometry.setAttribute("end", new BufferAttribute(new Float32Array(ends), 1));
  geometry.setIndex(triangles);
  return geometry;
}
