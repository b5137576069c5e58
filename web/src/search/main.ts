/** The page of the service. */

import "../style.css";
import "../map/style.css";
import "./style.css";
import { element } from "../dom";
import { rehearse } from "../rehearsal";
import { stagesOfPage } from "../stages";
import { message } from "../states";
import { SearchPage } from "./page";

function start(): void {
  const stages = stagesOfPage();
  if (!stages) {
    const line = "WebGL is switched off or missing. Switch it on, or open the page in another browser.";
    document.body.append(element("main", {}, message("This browser cannot draw in 3D", line)));
    return;
  }
  void new SearchPage(stages).start().then(() => rehearse(stages));
}

requestAnimationFrame(() => setTimeout(start)); // after the first paint: what follows takes longer than a frame
