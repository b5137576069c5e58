/** Files that are dropped anywhere on the page, or chosen. */

import { button, element } from "../dom";

/** Whether a file is a video, in which the page itself can find the person. */
export const isVideo = (file: File): boolean => file.type.startsWith("video/");

/** Files that only belong to others: skeletons of AMC, buffers of glTF, rig maps, labels. */
const COMPANIONS = /\.(asf|bin|map\.json|csv|txt)$/i;

/** The file that is searched for: the first one that is not part of another. */
export function mainFile(files: File[]): File {
  return files.find((file) => !COMPANIONS.test(file.name)) ?? files[0];
}

export function openButton(
  onFiles: (files: File[]) => void,
  attributes: Record<string, string> = {},
  label = "Open file …",
  about = "Motion files",
) {
  const input = element("input", { type: "file", multiple: "", hidden: "", "aria-label": about });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = ""; // the same file can be chosen again
    if (files.length) onFiles(files);
  });
  return element(
    "span",
    {},
    button(label, () => input.click(), attributes),
    input,
  );
}

/** Takes files that are dropped on the page, and shows while they are dragged that it does. */
export function takeDrops(onFiles: (files: File[]) => void): void {
  const target = element("div", { class: "drop-target", "aria-hidden": "true" }, "Drop to search for this motion");
  document.body.append(target);
  let depth = 0;
  const over = (change: number) => {
    depth = Math.max(depth + change, 0);
    target.classList.toggle("shown", depth > 0);
  };
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) over(1);
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event)) over(-1);
  });
  addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) onFiles(files);
  });
}
