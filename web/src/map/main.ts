/** A map: one file that holds its data, opened from disk. */

import "../style.css";
import "./style.css";
import { element } from "../dom";
import { showPage } from "../layout";
import { bytes, Motion } from "../motion";
import { isForPage, Screen } from "../screen";
import { JOINT_COUNT } from "../skeleton";
import { stagesOfPage } from "../stages";
import { message } from "../states";
import { type MapClip, MapView } from "./view";

/** What the page is given by mretrieve/maps/page.py. */
interface MapData {
  title: string;
  clips: MapClip[];
  /** Poses in base64, centimetres from hips that are a metre above the floor; null for a clip without motion here. */
  motions: (string | null)[];
  fps: number;
}

function motionOf(name: string, text: string, fps: number): Motion {
  const centimetres = new Int8Array(bytes(text));
  const frameCount = centimetres.length / (3 * JOINT_COUNT);
  const roots = new Float32Array(4 * frameCount);
  for (let frame = 0; frame < frameCount; frame++) roots[4 * frame + 1] = 1;
  const facts = { name, remark: "", start_s: 0, frame_count: frameCount, seen: Array(JOINT_COUNT).fill(true) };
  return new Motion(
    facts,
    fps,
    Float32Array.from(centimetres, (value) => value / 100),
    roots,
  );
}

function start(): void {
  const data = JSON.parse(document.getElementById("map")?.textContent ?? "{}") as MapData;
  const heading = element("h1", {}, data.title);
  document.title = `Map: ${data.title}`;
  const stages = stagesOfPage();
  if (!stages) {
    const line = "WebGL is switched off or missing. Switch it on, or open the map in another browser.";
    showPage(element("main", {}, message("This browser cannot draw in 3D", line)), heading, element("nav"));
    return;
  }
  const view = new MapView(data.clips, async (at) => {
    const text = data.motions[at];
    return text === null ? null : motionOf(data.clips[at].clip, text, data.fps);
  });
  showPage(element("main", {}, view.root), heading, element("nav"));
  const screen = new Screen(stages);
  view.onArrange = () => screen.arrange();
  screen.show(view);
  view.repaint(); // its size is known only now
  addEventListener("keydown", (event) => {
    if (!isForPage(event) || event.key !== " ") return;
    view.clock.toggle();
    event.preventDefault();
  });
}

requestAnimationFrame(() => setTimeout(start)); // after the first paint: what follows takes longer than a frame
