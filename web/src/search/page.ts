/** The page: what is searched for is in its address, and everything on it follows from that. */

import { button } from "../dom";
import { MapView } from "../map/view";
import type { Motion } from "../motion";
import { isForPage, Screen } from "../screen";
import type { Stages } from "../stages";
import { message, notes } from "../states";
import { onThemeChange } from "../theme";
import { ActingView } from "./acting";
import { HitActions } from "./actions";
import { firstPose, played } from "./activity";
import { Basket } from "./basket";
import { isVideo, mainFile, openButton, takeDrops } from "./files";
import { NO_FILTERS } from "./filters";
import { Finder } from "./finder";
import { Frame } from "./frame";
import { ACTING, fromHash, MAP, POSING, toHash } from "./link";
import { Panel } from "./panel";
import { PosingView } from "./posing";
import { FIRST, momentName, type Search } from "./query";
import { Results } from "./results";
import { Gone, type LibraryFacts, Refused, Service, type Shown } from "./service";
import { empty, gone, none, refusal, suggestions } from "./states";

const LISTED_CLIPS = 200;
const AGAIN_MS = 1500;
/** A little more than a frame. */
const POSE_S = 0.04;

/** A query that cannot be read has no place on the map, which can be looked at all the same. */
function unlessGone(error: unknown): null {
  if (error instanceof Refused && error.status !== 401) return null;
  throw error;
}

/** After the page was drawn again. */
const nextPicture = (): Promise<void> =>
  new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
  });

export class SearchPage {
  private readonly service = new Service();
  private readonly basket = new Basket(this.service);
  private readonly finder = new Finder(
    this.service,
    (name) => this.choose({ query: name, file: "" }),
    (error) => this.fail(error),
  );
  private readonly panel = new Panel((changes) => this.go({ ...this.search, ...changes }));
  private readonly actions = new HitActions(
    this.basket,
    (hit) => this.choose({ query: hit.clip, file: "", startS: hit.start_s, endS: hit.end_s }),
    (hit) => this.go({ ...this.search, excluded: [...this.search.excluded, hit.clip] }),
  );
  private readonly screen: Screen;
  private readonly frame: Frame;
  /** Files that were dropped, by the name of the one that is searched for. */
  private readonly files = new Map<string, File[]>();
  private search: Search = FIRST;
  private results: Results | null = null;
  private opened = 0;
  private facts: LibraryFacts | null = null;
  private asked: AbortController | null = null;
  private isWaiting = false;
  private acting: ActingView | null = null;

  constructor(stages: Stages) {
    this.screen = new Screen(stages);
    const open = openButton((files) => this.drop(files));
    const map = button("Map", () => this.go(this.search, MAP));
    const act = button("Act it out", () => this.go(this.search, ACTING), { title: "Search by camera or video" });
    const pose = button("Pose it", () => this.go(this.search, POSING), { title: "Search by a body that you pose" });
    this.frame = new Frame(this.finder.root, [open, act, pose, map], this.basket.root, this.panel.root);
    takeDrops((files) => this.drop(files));
    onThemeChange(() => this.panel.repaint());
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("popstate", () => this.follow());
  }

  /** Asks what the library holds, and shows what the address names. */
  async start(): Promise<void> {
    try {
      await this.know();
      this.follow();
    } catch (error) {
      this.fail(error);
    }
  }

  private async know(): Promise<void> {
    this.facts = await this.service.library();
    this.panel.knowLibrary(this.facts);
    this.basket.know(this.facts.index);
  }

  /** Goes to a search, or to a hit of the present one. */
  private go(search: Search, hit = 0): void {
    history.pushState(null, "", toHash(search, hit));
    this.follow();
  }

  /** Another query, with the options that are set. */
  private choose(query: Pick<Search, "query" | "file"> & Partial<Search>): void {
    this.go({ ...this.search, startS: null, endS: null, poses: "", ...query });
  }

  private drop(files: File[]): void {
    const file = mainFile(files);
    if (isVideo(file) && files.length === 1) {
      this.go(this.search, ACTING);
      this.acting?.show(file);
    } else this.searchFor(file, files);
  }

  private searchFor(file: File, files: File[]): void {
    this.files.set(file.name, files);
    this.results = null; // the same name may be another file now
    this.choose({ query: file.name, file: file.name });
  }

  private follow(): void {
    const named = fromHash(location.hash);
    if (!named) this.showEmpty();
    else if (named.hit === MAP) void this.showMap(named.search);
    else if (named.hit === ACTING) this.showActing(named.search);
    else if (named.hit === POSING) this.showPosing(named.search);
    else if (this.results && toHash(named.search, 0) === toHash(this.search, 0)) this.open(named.hit);
    else void this.run(named.search, named.hit);
  }

  private async run(search: Search, hit: number): Promise<void> {
    const isOther =
      search.query !== this.search.query ||
      search.file !== this.search.file ||
      search.poses !== this.search.poses ||
      !this.results;
    const files = search.file ? this.files.get(search.file) : [];
    this.asked?.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    this.search = search;
    this.panel.show(search);
    if (isOther) this.panel.know(null, search);
    this.finder.show(search.query);
    if (!files) {
      this.say(
        message("Drop the file again", `The link is of a search for ${search.file}. Drop that file on this page.`),
      );
      return;
    }
    this.frame.setBusy(true);
    if (!this.results) this.say(message("Searching …", `${this.facts?.contents.clips ?? "All"} clips are searched.`));
    try {
      const shown = await this.service.search(search, files, signal);
      this.accept(shown, hit);
      await nextPicture(); // the hits move before the service is asked for more
      if (isOther && !search.poses)
        this.panel.know(await this.service.motion(this.search.query, files, signal), this.search);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    } finally {
      if (this.asked.signal === signal) this.frame.setBusy(false);
    }
  }

  private accept(shown: Shown, hit: number): void {
    const { path, start_s: startS, end_s: endS } = shown.answer.query;
    if (path && path !== this.search.query) this.search = { ...this.search, query: path, startS, endS }; // a moment was named
    history.replaceState(null, "", toHash(this.search, hit));
    this.panel.show(this.search);
    this.frame.setBusy(false);
    this.results = new Results(
      shown,
      this.screen,
      this.actions,
      (rank) => this.go(this.search, rank),
      (from, to) => this.go({ ...this.search, startS: from, endS: to }),
    );
    this.opened = 0;
    if (this.facts && this.facts.version !== shown.answer.index.version) this.know().catch(() => {});
    if (this.results.count) this.open(hit);
    else this.say(none(this.results.notes, () => this.go({ ...this.search, ...NO_FILTERS })));
  }

  private open(rank: number): void {
    const { results } = this;
    if (!results) return;
    const before = this.opened;
    this.opened = results.has(rank) ? rank : 0;
    const view = results.view(this.opened);
    const navigation = results.navigation(this.opened, (other) => this.go(this.search, other));
    this.frame.show(results.title(this.opened), navigation, notes(results.notes), view.root);
    this.screen.show(view);
    if (this.opened !== before) scrollTo(0, 0);
    if (!this.opened && before) results.focus(before);
    else if (this.opened && this.opened !== before) this.frame.focusHeading();
  }

  private say(content: HTMLElement): void {
    this.screen.show(null);
    this.opened = 0;
    this.frame.show("", [], null, content);
  }

  private async showMap(search: Search): Promise<void> {
    this.leave(search);
    const files = search.file ? this.files.get(search.file) : [];
    try {
      const found = this.results?.shown.answer.results.map((hit) => hit.clip) ?? [];
      const clips = await this.service.map();
      const view = new MapView(clips, (at) => this.motionOf(clips[at].clip), new Set(found), {
        onChoose: (clip) => this.choose({ query: clip, file: "" }),
        onOnly: (only) => this.go({ ...this.search, only }, search.query ? 0 : MAP),
      });
      view.onArrange = () => this.screen.arrange();
      this.frame.show("Map of the library", this.back(search), null, view.root);
      if (!search.query) this.frame.setEmpty();
      this.screen.show(view);
      view.repaint();
      if (search.query && files) view.showQuery(await this.service.place(search, files).catch(unlessGone));
    } catch (error) {
      this.fail(error);
    }
  }

  /** The motion of a clip; null if it cannot be read. */
  private async motionOf(clip: string): Promise<Motion | null> {
    return this.service.motion(clip, [], new AbortController().signal).then(
      (motion) => played(clip, motion),
      () => null,
    );
  }

  private showActing(search: Search): void {
    this.leave(search);
    this.acting = new ActingView((file) => this.searchFor(file, [file]));
    this.frame.show("Act it out", this.back(search), null, this.acting.root);
    if (!search.query) this.frame.setEmpty();
    this.screen.show(this.acting);
  }

  private showPosing(search: Search): void {
    this.leave(search);
    const view = new PosingView(search.poses, {
      onSearch: (poses) => this.choose({ query: "a pose", file: "", poses }),
      onLoad: (moment) => this.loadPose(moment),
    });
    this.frame.show("Pose a body", this.back(search), null, view.root);
    if (!search.query) this.frame.setEmpty();
    this.screen.show(view);
  }

  /** The first pose of a clip or moment, or the one at a time, as `walk.bvh@3.2`; or why it cannot be read. */
  private async loadPose(moment: string): Promise<Float32Array | string> {
    const [, clip, time] = /^(.*)@([\d.]+)$/.exec(moment) ?? [];
    const name = clip ? momentName(clip, Number(time), Number(time) + POSE_S) : moment;
    try {
      return firstPose(await this.service.motion(name, [], new AbortController().signal));
    } catch (error) {
      if (error instanceof Refused) return error.message;
      this.fail(error);
      return "";
    }
  }

  /** The hits are left for a place of the page. */
  private leave(search: Search): void {
    this.asked?.abort();
    if (toHash(search, 0) !== toHash(this.search, 0)) this.results = null;
    this.search = search;
    this.opened = 0;
    this.panel.show(search);
    this.finder.show(search.query);
  }

  private back(search: Search): HTMLElement[] {
    return search.query ? [button("All hits", () => this.go(this.search))] : [];
  }

  private showEmpty(): void {
    this.asked?.abort();
    this.search = FIRST;
    this.results = null;
    this.finder.show("");
    const place = empty(
      openButton((files) => this.drop(files), { class: "primary" }),
      () => this.finder.focus(),
    );
    this.say(place);
    this.frame.setEmpty();
    const { facts } = this;
    if (!facts) return;
    this.service
      .clips("", 0, LISTED_CLIPS)
      .then((page) => {
        const made = suggestions(facts, page.clips, (clip) => this.choose({ query: clip, file: "" }));
        if (made && place.isConnected) place.append(made);
      })
      .catch((error) => this.fail(error));
  }

  private fail(error: unknown): void {
    this.results = null;
    if (error instanceof Gone) this.wait();
    else if (error instanceof Refused) this.say(refusal(error, (token) => this.restart(token)));
    else throw error;
  }

  /** Begins again, if need be with a token. */
  private restart(token?: string): void {
    if (token !== undefined) this.service.setToken(token);
    void this.start();
  }

  /** The service has gone; the page goes on when it answers again. */
  private wait(): void {
    this.say(gone());
    if (this.isWaiting) return;
    this.isWaiting = true;
    const timer = setInterval(async () => {
      if (!(await this.service.answers())) return;
      clearInterval(timer);
      this.isWaiting = false;
      void this.start();
    }, AGAIN_MS);
  }

  private key(event: KeyboardEvent): void {
    if (!isForPage(event)) return;
    if (event.key === "/") this.finder.focus();
    else if (event.key === " ") this.screen.shown?.clock.toggle();
    else if (!this.navigates(event.key) && !this.screen.shown?.key(event.key)) return;
    event.preventDefault();
  }

  private navigates(key: string): boolean {
    const { results, opened } = this;
    if (!results || !this.screen.shown) return false;
    if (/^\d$/.test(key)) this.goIfThere(((Number(key) + 9) % 10) + 1);
    else if (key === "Escape" && opened) this.go(this.search);
    else if (key === "[" && opened) this.goIfThere(results.after(opened, -1));
    else if (key === "]" && opened) this.goIfThere(results.after(opened, 1));
    else return results.key(key, opened);
    return true;
  }

  private goIfThere(rank: number): void {
    if (rank && this.results?.has(rank)) this.go(this.search, rank);
  }
}
