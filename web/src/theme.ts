/** Light or dark: as the system has it, or as chosen on the page and remembered by the browser. */

import type { Theme } from "./colours";
import { button } from "./dom";

const KEY = "mretrieve-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners: (() => void)[] = [];

export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

export function onThemeChange(listener: () => void): void {
  listeners.push(listener);
}

export function themeButton(): HTMLButtonElement {
  const made = button("", () => {
    choose(theme() === "dark" ? "light" : "dark");
    try {
      localStorage.setItem(KEY, theme());
    } catch {
      // a browser that stores nothing: the choice holds as long as the page
    }
  });
  const label = () => {
    made.textContent = theme() === "dark" ? "Light" : "Dark";
    made.setAttribute("aria-label", `Use ${theme() === "dark" ? "light" : "dark"} colours`);
  };
  onThemeChange(label);
  label();
  return made;
}

function choose(chosen: string): void {
  document.documentElement.dataset.theme = chosen;
  for (const listener of listeners) listener();
}

system.addEventListener("change", () => {
  for (const listener of listeners) listener();
});
try {
  const remembered = localStorage.getItem(KEY);
  if (remembered) document.documentElement.dataset.theme = remembered;
} catch {
  // as above
}
