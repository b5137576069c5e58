/** What is searched for and how, as the panel shows it, and as the service is asked. */

import { PART_NAMES, type Part } from "../skeleton";
import { frames, fromText } from "./keyposes";

export type Mirror = "none" | "whole" | "both" | "arms" | "legs" | "any";

export interface Search {
  /** An indexed clip or a dropped file, with its body if it holds several, as the service names it. */
  query: string;
  /** Name of the dropped file that is searched for; "" for an indexed clip. */
  file: string;
  /** Key poses that were posed and are searched for, see keyposes.ts; "" for none. */
  poses: string;
  /** The part of it that is compared, in seconds; null for its start or end. */
  startS: number | null;
  endS: number | null;
  k: number;
  mirror: Mirror;
  allMoments: boolean;
  leaveOutSelf: boolean;
  weights: Record<Part, number>;
  /** Column by which clips are grouped; "" for none. */
  group: string;
  /** The query's value in that column; "" for its own or the nearest. */
  queryGroup: string;
  /** Chosen labels by column. */
  labels: Record<string, string[]>;
  condition: string;
  /** Clips that are not wanted. */
  excluded: string[];
  /** The clips that were chosen on the map; none for all. */
  only: string[];
}

export const evenWeights = (): Record<Part, number> =>
  Object.fromEntries(PART_NAMES.map((part) => [part, 1])) as Record<Part, number>;

/** The options with which a page begins; they stay when another query is chosen. */
export const FIRST: Search = {
  query: "",
  file: "",
  poses: "",
  startS: null,
  endS: null,
  k: 10,
  mirror: "none",
  allMoments: false,
  leaveOutSelf: true,
  weights: evenWeights(),
  group: "",
  queryGroup: "",
  labels: {},
  condition: "",
  excluded: [],
  only: [],
};

export type Fields = Record<string, string | number | boolean | number[][][]>;

/** What is searched for, as fields of a request. */
export function asked(search: Search): Fields {
  if (search.poses) return { positions: frames(fromText(search.poses)).map(joints), canonical: true };
  const { query, startS: start_s, endS: end_s } = search;
  return known({ query, start_s, end_s });
}

/** A pose as joints of x, y and z. */
const joints = (pose: Float32Array): number[][] =>
  Array.from({ length: pose.length / 3 }, (_, joint) => [...pose.subarray(3 * joint, 3 * joint + 3)]);

const known = (values: Record<string, Fields[string] | null>): Fields =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Fields;

/** The fields of a request, without those that have their defaults. */
export function fields(search: Search): Fields {
  const where = conditionOf(search);
  const even = new Set(Object.values(search.weights)).size === 1;
  const options = known({
    k: search.k,
    mirror: search.mirror,
    all_moments: search.allMoments || null,
    exclude_self: (search.leaveOutSelf && !search.file && !search.poses) || null,
    parts: even ? null : PART_NAMES.map((part) => `${part}=${search.weights[part]}`).join(","),
    group: search.group || null,
    query_group: search.queryGroup || null,
    where: where || null,
  });
  return { ...asked(search), ...options };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The labels, the typed condition and the clips that are wanted or not, as one condition. */
export function conditionOf({ labels, condition, excluded, only }: Search): string {
  const chosen = Object.entries(labels).filter(([, values]) => values.length);
  const all = chosen.map(([column, values]) => `"${column}" IN (${values.map(quoted).join(", ")})`);
  if (condition.trim()) all.push(`(${condition.trim()})`);
  if (excluded.length) all.push(`clip NOT IN (${excluded.map(quoted).join(", ")})`);
  if (only.length) all.push(`clip IN (${only.map(quoted).join(", ")})`);
  return all.join(" AND ");
}

/** The name of a moment, as all commands take it. */
export const momentName = (clip: string, startS: number, endS: number): string =>
  `${clip}@${startS.toFixed(2)}-${endS.toFixed(2)}`;
