import { forget, recall, remember } from "./store.js";

export type Theme = "system" | "light" | "dark";

export function currentTheme(): Theme {
  const kept = recall("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") forget("theme");
  else remember("theme", theme);
  applyTheme(theme);
}
