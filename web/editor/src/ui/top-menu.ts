import type { App } from "../app.js";
import { avatar } from "./avatar.js";
import { h, nameNode } from "./dom.js";
import { icon, type IconName } from "./icons.js";
import type { MenuEntry } from "./menu.js";
import { chooseTheme, currentTheme, type Theme } from "./theme.js";

const THEMES: { theme: Theme; label: string; icon: IconName }[] = [
  { theme: "system", label: "Like this device", icon: "screen" },
  { theme: "light", label: "Light", icon: "sun" },
  { theme: "dark", label: "Dark", icon: "moon" },
];

/** The entries that every page's menu ends with: who one is, and how the page looks. */
export function personalEntries(app: App): MenuEntry[] {
  const profile = app.profile();
  const me = h(
    "button",
    { type: "button", class: "menu-item menu-me", role: "menuitem" },
    avatar(profile),
    h("span", { class: "menu-me-text" }, nameNode(profile.name), h("span", { class: "soft small" }, "Change name or colour")),
  );
  me.addEventListener("click", () => {
    me.closest<HTMLElement>("[popover]")?.hidePopover();
    app.editProfile();
  });
  const chosen = currentTheme();
  const themes = THEMES.map(({ theme, label, icon }) => ({
    label,
    icon,
    checked: theme === chosen,
    run: () => chooseTheme(theme),
  }));
  return [me, "line", { heading: "Appearance" }, ...themes];
}

export function iconButton(name: IconName, label: string, className = ""): HTMLButtonElement {
  return h("button", { type: "button", class: `icon-button ${className}`.trim(), "aria-label": label, title: label }, icon(name));
}
