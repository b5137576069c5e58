/** How finely bodies are drawn: less so if the processor does the work of a graphics card. */

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export interface Quality {
  antialias: boolean;
  pixelRatio: number;
  /** Corners of a cross-section of a limb. */
  around: number;
  /** Latitudes of the ends of a limb, in degrees. */
  latitudes: readonly number[];
}

const FINE: Quality = {
  antialias: true,
  pixelRatio: Math.min(devicePixelRatio, 2),
  around: 14,
  latitudes: [0, 28, 60, 90],
};
const FAST: Quality = { antialias: false, pixelRatio: devicePixelRatio > 1 ? 2 : 1, around: 8, latitudes: [0, 40, 90] };

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
