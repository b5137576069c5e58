/** A body that is drawn unseen before any other: what draws it is compiled then, which takes longer than a search. */

import { Body } from "./body";
import { element } from "./dom";
import { Grid, Track } from "./ground";
import { Motion } from "./motion";
import { JOINT_COUNT } from "./skeleton";
import { Stage, type Stages } from "./stages";
import { theme } from "./theme";
import { Viewpoint } from "./viewpoint";

/** Long enough to leave footprints. */
const FRAMES = 30;
const FPS = 30;

export function rehearse(stages: Stages): void {
  const facts = { name: "", remark: "", start_s: 0, frame_count: FRAMES, seen: Array(JOINT_COUNT).fill(true) };
  const motion = new Motion(facts, FPS, new Float32Array(3 * JOINT_COUNT * FRAMES), new Float32Array(4 * FRAMES));
  const [body, track, ground] = [new Body(motion, "query"), new Track(motion, "query"), new Grid()];
  const stage = new Stage(element("div"), new Viewpoint(), body.object, track.object, ground.object);
  stage.update = () => {
    body.move(0, true);
    body.paintSides(theme());
    track.paint(0, theme());
    ground.paint(theme());
  };
  stages.rehearse(stage);
  for (const each of [body, track, ground]) each.dispose();
}
