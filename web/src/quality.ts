/** How finely bodies are drawn: less so if the processor does the work of a graphics card. */

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** The size in which a body is drawn: large by itself or next to another one, small among many. */
export type Size = "large" | "small";

/** How round limbs are. */
export interface Roundness {
  /** Corners of a cross-section. */
  around: number;
  /** Latitudes of the ends, in degrees, from the equator to the pole. */
  latitudes: readonly number[];
}

export interface Quality extends Record<Size, Roundness> {
  antialias: boolean;
  pixelRatio: number;
}

const ROUND: Roundness = { around: 14, latitudes: [0, 28, 60, 90] };
const FINE: Quality = { antialias: true, pixelRatio: Math.min(devicePixelRatio, 2), large: ROUND, small: ROUND };
const FAST: Quality = {
  antialias: false,
  pixelRatio: devicePixelRatio > 1 ? 2 : 1,
  large: { around: 8, latitudes: [0, 40, 90] },
  small: { around: 6, latitudes: [15, 90] },
};

let found: Quality | null = null;

export function quality(): Quality {
  found ??= drawnBySoftware() ? FAST : FINE;
  return found;
}

/** Whether the processor draws. */
export function drawnBySoftware(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  const names = context?.getExtension("WEBGL_debug_renderer_info");
  if (!context || !names) return false;
  const name = String(context.getParameter(names.UNMASKED_RENDERER_WEBGL));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(name);
}
