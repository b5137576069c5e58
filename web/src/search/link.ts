/** A search and the hit that is opened in the address, so that a link shows the same. */

import { PART_NAMES, type Part } from "../skeleton";
import { evenWeights, FIRST, type Mirror, type Search } from "./query";

const MIRRORS = ["none", "whole", "both", "arms", "legs", "any"];

/** What is opened instead of a hit: the map, or the places to act out a query or to pose it. */
export const MAP = -1;
export const ACTING = -2;
export const POSING = -3;
const PLACES = new Map([
  ["map", MAP],
  ["act", ACTING],
  ["pose", POSING],
]);

/** The part of the address after `#`; `hit` is the rank of the opened hit, 0 for none, or a place. */
export function toHash(search: Search, hit: number): string {
  const words = new URLSearchParams();
  const set = (name: string, value: string | number | null, unset: string | number | null) => {
    if (value !== unset) words.set(name, String(value));
  };
  set("q", search.query, "");
  set("file", search.file, "");
  set("poses", search.poses, "");
  set("from", search.startS, null);
  set("to", search.endS, null);
  set("k", search.k, FIRST.k);
  set("mirror", search.mirror, FIRST.mirror);
  set("all", Number(search.allMoments), 0);
  set("self", Number(!search.leaveOutSelf), 0);
  for (const part of PART_NAMES) set(part, search.weights[part], 1);
  set("group", search.group, "");
  set("of", search.queryGroup, "");
  for (const [column, values] of Object.entries(search.labels))
    for (const value of values) words.append("label", `${column}:${value}`);
  set("where", search.condition, "");
  for (const clip of search.excluded) words.append("not", clip);
  for (const clip of search.only) words.append("only", clip);
  const place = [...PLACES].find(([, number]) => number === hit)?.[0];
  set("hit", place ?? hit, 0);
  return `#${words}`;
}

/** What an address names; null if it names neither a query nor a place. Values without a meaning are left out. */
export function fromHash(hash: string): { search: Search; hit: number } | null {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const query = words.get("q");
  const place = PLACES.get(words.get("hit") ?? "");
  if (!query && !place) return null;
  const number = (name: string): number | null => {
    const value = words.get(name);
    return value !== null && value !== "" && Number(value) >= 0 ? Number(value) : null;
  };
  const mirror = words.get("mirror") ?? "";
  const weights: Record<Part, number> = evenWeights();
  for (const part of PART_NAMES) weights[part] = number(part) ?? 1;
  const labels: Record<string, string[]> = {};
  for (const each of words.getAll("label")) {
    const at = each.indexOf(":");
    if (at <= 0) continue;
    const column = each.slice(0, at);
    labels[column] = [...(labels[column] ?? []), each.slice(at + 1)];
  }
  const search: Search = {
    query: query ?? "",
    file: words.get("file") ?? "",
    poses: words.get("poses") ?? "",
    startS: number("from"),
    endS: number("to"),
    k: Math.max(Math.round(number("k") ?? FIRST.k), 1),
    mirror: (MIRRORS.includes(mirror) ? mirror : FIRST.mirror) as Mirror,
    allMoments: words.get("all") === "1",
    leaveOutSelf: words.get("self") !== "1",
    weights,
    group: words.get("group") ?? "",
    queryGroup: words.get("group") ? (words.get("of") ?? "") : "",
    labels,
    condition: words.get("where") ?? "",
    excluded: words.getAll("not"),
    only: words.getAll("only"),
  };
  return { search, hit: place ?? Math.round(number("hit") ?? 0) };
}
