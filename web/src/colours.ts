/** Colours of bodies and of errors in both themes. All scales can be read without seeing hues: they run in lightness. */

import type { Side } from "./skeleton";

export type Colour = readonly [number, number, number];
export type Theme = "light" | "dark";
export type BodyColours = Record<Side | "unseen", Colour>;

const colour = (hex: string): Colour =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Colour;

/** Left limbs are light, right limbs dark. */
export const BODIES: Record<Theme, Record<"query" | "other", BodyColours>> = {
  light: {
    query: { left: colour("#8fb3dd"), right: colour("#1f4e8c"), middle: colour("#4f7fb8"), unseen: colour("#b6bcc4") },
    other: { left: colour("#f2bd7c"), right: colour("#a8550a"), middle: colour("#dd8a2e"), unseen: colour("#b6bcc4") },
  },
  dark: {
    query: { left: colour("#b5d2f5"), right: colour("#3a72bd"), middle: colour("#6fa0dc"), unseen: colour("#59616c") },
    other: { left: colour("#ffd9a3"), right: colour("#c46d1a"), middle: colour("#eca04c"), unseen: colour("#59616c") },
  },
};

export const GROUND: Record<Theme, { lines: Colour; path: Colour }> = {
  light: { lines: colour("#c3cad3"), path: colour("#6b7684") },
  dark: { lines: colour("#434c58"), path: colour("#8b97a6") },
};

/** Up to the first distance, joints of one pose on two rigs are apart; from the last one on, motions are unrelated. */
const STOPS_MM = [30, 80, 140, 220];
const SCALES: Record<Theme, Colour[]> = {
  light: ["#c9d1da", "#e5a03c", "#cc4a55", "#64184a"].map(colour),
  dark: ["#5f6b79", "#b0568c", "#f28d4d", "#ffeab0"].map(colour),
};

export function errorColour(millimetres: number, theme: Theme): Colour {
  const scale = SCALES[theme];
  if (!Number.isFinite(millimetres)) return BODIES[theme].query.unseen;
  const next = STOPS_MM.findIndex((stop) => millimetres < stop);
  if (next === 0) return scale[0];
  if (next < 0) return scale[scale.length - 1];
  const part = (millimetres - STOPS_MM[next - 1]) / (STOPS_MM[next] - STOPS_MM[next - 1]);
  return scale[next].map(
    (value, axis) => scale[next - 1][axis] + part * (value - scale[next - 1][axis]),
  ) as unknown as Colour;
}

export const LEGEND_MM = STOPS_MM;

export const cssColour = (value: Colour): string => `rgb(${value.map((axis) => Math.round(axis * 255)).join(" ")})`;
