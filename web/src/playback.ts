/** What the page is given: the JSON contract of mretrieve/comparison/playback.schema.json. */

import type { Part } from "./skeleton";

export interface MotionData {
  name: string;
  remark: string;
  start_s: number;
  frame_count: number;
  poses: string;
  roots: string;
  seen: boolean[];
}

export interface KeyFrame {
  kind: "farthest" | "nearest";
  query_frame: number;
  distance_mm: number;
  part: Part;
  part_distance_mm: number;
}

export interface Difference {
  part: Part;
  start_frame: number;
  end_frame: number;
  distance_mm: number;
}

export interface Advice {
  part: Part;
  text: string;
  kind: "alike" | "place" | "timing" | "movement";
  start_s: number | null;
}

export interface PairData {
  query: number;
  other: number;
  rank: number | null;
  label: string | null;
  score: number | null;
  distance_mm: number;
  speed: number;
  parts: Partial<Record<Part, number>>;
  path: [number, number][];
  errors_mm: string;
  key_frames: KeyFrame[];
  differences: Difference[];
  advice: Advice[];
}

export interface PlaybackData {
  schema: string;
  kind: "query" | "explain" | "compare";
  fps: number;
  motions: MotionData[];
  pairs: PairData[];
  notes: string[];
}

const SCHEMA = "mretrieve.playback/1";

/** Reads the data; an error says in one line why they cannot be shown. */
export function readPlayback(text: string): PlaybackData {
  const data = JSON.parse(text) as PlaybackData;
  if (data.schema !== SCHEMA) throw new Error(`The data are ${data.schema}, but this page shows ${SCHEMA}.`);
  return data;
}
