/** The service that the page comes from: its answers, and the errors that the page shows. */

import type { MapClip } from "../map/view";
import type { PlaybackData } from "../playback";
import type { Part } from "../skeleton";
import { asked, type Fields, fields, type Search } from "./query";

/** A hit as `mretrieve query --format json` prints it. */
export interface Hit {
  rank: number;
  clip: string;
  start_s: number;
  end_s: number;
  score: number;
  label: string | null;
  mirror: string;
  parts: Partial<Record<Part, number>>;
}

export interface Answer {
  query: { path: string; start_s: number; end_s: number };
  index: { path: string; version: number };
  results: Hit[];
  took_ms: Record<string, number>;
  missing_shards?: string[];
}

export interface Shown {
  answer: Answer;
  playback: PlaybackData;
}

export interface LibraryFacts {
  index: string;
  version: number;
  contents: {
    clips: number;
    duration_s: number;
    labels: Record<string, Record<string, number>>;
    rigs: Record<string, number>;
  };
}

export interface ClipFacts {
  clip: string;
  duration_s: number;
  labels: Record<string, string | null>;
}

export interface ClipPage {
  total: number;
  offset: number;
  clips: ClipFacts[];
}

/** See docs/guide/serving.md, Motion for playback. */
export interface WholeMotion {
  joints: ArrayBuffer;
  frameCount: number;
  fps: number;
  startS: number;
}

/** The service has refused; the message is its own line. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The service cannot be reached. */
export class Gone extends Error {}

const TOKEN = "mretrieve-token";

export class Service {
  private token = sessionStorage.getItem(TOKEN) ?? "";

  /** The token of the service, kept until the tab is closed. */
  setToken(token: string): void {
    this.token = token;
    sessionStorage.setItem(TOKEN, token);
  }

  async search(search: Search, files: File[], signal: AbortSignal): Promise<Shown> {
    const response = await this.send("playback", body(fields(search), files), signal);
    return (await response.json()) as Shown;
  }

  /** A whole clip or file for playback. */
  async motion(query: string, files: File[], signal: AbortSignal): Promise<WholeMotion> {
    const response = files.length
      ? await this.send("motion", body({ query }, files), signal)
      : await this.ask(`motion?${new URLSearchParams({ clip: query })}`, { signal });
    const number = (header: string) => Number(response.headers.get(header));
    const joints = await response.arrayBuffer();
    return { joints, frameCount: number("Motion-Frames"), fps: number("Motion-Fps"), startS: number("Motion-Start-S") };
  }

  async library(): Promise<LibraryFacts> {
    return (await this.ask("index", {})).json() as Promise<LibraryFacts>;
  }

  async clips(where: string, offset: number, limit: number, signal?: AbortSignal): Promise<ClipPage> {
    const words = new URLSearchParams({ offset: String(offset), limit: String(limit) });
    if (where) words.set("where", where);
    return (await this.ask(`clips?${words}`, { signal })).json() as Promise<ClipPage>;
  }

  /** The clips as points. */
  async map(): Promise<MapClip[]> {
    return ((await (await this.ask("map", {})).json()) as { clips: MapClip[] }).clips;
  }

  /** Where a query belongs among them. */
  async place(search: Search, files: File[]): Promise<[number, number]> {
    const response = await this.send("map", body(asked(search), files));
    return ((await response.json()) as { place: [number, number] }).place;
  }

  /** Moments as BVH in a ZIP archive, and how many of them are missing in it. */
  async exports(moments: string[]): Promise<{ archive: Blob; missing: number }> {
    const response = await this.send("exports", JSON.stringify({ moments }));
    return { archive: await response.blob(), missing: Number(response.headers.get("Moments-Missing")) };
  }

  /** Whether the service answers. */
  async answers(): Promise<boolean> {
    return fetch("/health").then(
      (response) => response.ok,
      () => false,
    );
  }

  private send(path: string, content: FormData | string, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = typeof content === "string" ? { "Content-Type": "application/json" } : {};
    return this.ask(path, { method: "POST", body: content, headers, signal });
  }

  private async ask(path: string, request: RequestInit): Promise<Response> {
    const headers = { ...request.headers, ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) };
    let response: Response;
    try {
      response = await fetch(`/api/v1/${path}`, { ...request, headers });
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      throw new Gone("The service does not answer.");
    }
    if (!response.ok) throw new Refused(response.status, await reason(response));
    return response;
  }
}

/** JSON, or a form if files come with it. */
function body(values: Fields, files: File[]): FormData | string {
  if (!files.length) return JSON.stringify(values);
  const form = new FormData();
  for (const [name, value] of Object.entries(values)) form.append(name, String(value));
  for (const file of files) form.append("file", file, file.name);
  return form;
}

async function reason(response: Response): Promise<string> {
  try {
    return String(((await response.json()) as { message: unknown }).message);
  } catch {
    return `The service answered with status ${response.status}.`;
  }
}
