/** Capsules whose two ends have radii of their own, any number of them in one draw call. */

import {
  BufferAttribute,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  ShaderMaterial,
} from "three";
import { quality } from "./quality";

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

  constructor(count: number) {
    const attribute = (size: number) => {
      const made = new InstancedBufferAttribute(new Float32Array(size * count), size);
      made.setUsage(DynamicDrawUsage);
      return made;
    };
    const geometry = unitCapsule();
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

function unitCapsule(): InstancedBufferGeometry {
  const directions: number[] = [];
  const ends: number[] = [];
  const triangles: number[] = [];
  const { around, latitudes } = quality();
  const rings = [...latitudes.map((degrees) => -degrees).reverse(), ...latitudes]; // the equator once for each end
  rings.forEach((degrees, ring) => {
    const latitude = (degrees * Math.PI) / 180;
    for (let step = 0; step < around; step++) {
      const longitude = (2 * Math.PI * step) / around;
      directions.push(
        Math.cos(latitude) * Math.cos(longitude),
        Math.sin(latitude),
        Math.cos(latitude) * Math.sin(longitude),
      );
      ends.push(ring < rings.length / 2 ? 0 : 1);
      if (ring === 0) continue;
      const next = (step + 1) % around;
      const [a, b, c, d] = [
        (ring - 1) * around + step,
        (ring - 1) * around + next,
        ring * around + step,
        ring * around + next,
      ];
      triangles.push(a, c, b, b, c, d);
    }
  });
  const geometry = new InstancedBufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(directions), 3));
  geometry.setAttribute("end", new BufferAttribute(new Float32Array(ends), 1));
  geometry.setIndex(triangles);
  return geometry;
}
