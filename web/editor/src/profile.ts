import { guestName, nameProblem, NAME_MAX, tidyLine } from "./pure/names.js";
import { isColor, PALETTE, pickColor } from "./pure/palette.js";
import { avatar, paintAvatar } from "./ui/avatar.js";
import { field, openDialog } from "./ui/dialog.js";
import { h } from "./ui/dom.js";
import { recall, remember } from "./ui/store.js";

export interface Profile {
  name: string;
  color: string;
  /** The name was made up for somebody who has not given one. */
  guest: boolean;
}

export function loadProfile(): Profile | null {
  const kept = recall("profile");
  if (typeof kept !== "object" || kept === null) return null;
  const { name, color, guest } = kept as Partial<Profile>;
  if (typeof name !== "string" || nameProblem(name) || typeof color !== "string" || !isColor(color)) return null;
  return { name: tidyLine(name), color, guest: guest === true };
}

export function guestProfile(): Profile {
  return { name: guestName(), color: pickColor(), guest: true };
}

export function keepProfile(profile: Profile): void {
  remember("profile", profile);
}

type Taken = ReadonlyMap<string, string>;

export interface ProfileQuestion {
  profile: Profile;
  first: boolean;
  taken: Taken;
  /** The name is that of the access token, and stays. */
  hasGivenName: boolean;
}

/** Asks for a name and a colour that nobody here has; closing the dialog keeps the profile as it is. */
export function askProfile({ profile, first, taken, hasGivenName }: ProfileQuestion, changed: (profile: Profile) => void): void {
  let { color } = profile;
  const name = h("input", { class: "input", name: "name", autocomplete: "name", maxlength: NAME_MAX * 2, autofocus: true, readonly: hasGivenName });
  name.value = profile.guest ? "" : profile.name;
  const preview = avatar({ name: name.value || "?", color }, "avatar-large");
  const repaint = (): void => paintAvatar(preview, { name: name.value.trim() || "?", color });
  name.addEventListener("input", repaint);
  const swatches = colorChoice(color, taken, (value) => {
    color = value;
    repaint();
  });
  openDialog({
    title: first ? "Welcome to Quire" : "Your name and colour",
    className: "profile-dialog",
    body: [
      h("p", { class: "soft" }, "Others see your name and colour beside what you write."),
      h("div", { class: "profile-row" }, preview, field("Your name", name, hasGivenName ? "It comes with your access." : undefined)),
      swatches,
    ],
    confirm: first ? "Start writing" : "Save",
    cancel: first ? "Stay a guest" : "Cancel",
    accept: () => {
      const problem = nameProblem(name.value);
      if (problem) {
        name.focus();
        return problem;
      }
      profile = { name: tidyLine(name.value), color, guest: false };
      return undefined;
    },
    closed: () => changed(profile),
  });
}

function colorChoice(chosen: string, taken: Taken, changed: (value: string) => void): HTMLElement {
  const choices = PALETTE.map(({ name, value }) => {
    const owner = value === chosen ? undefined : taken.get(value);
    const words = owner === undefined ? name : `${name}: ${owner} has it`;
    const radio = h("input", { type: "radio", name: "color", value, "aria-label": words, checked: value === chosen, disabled: owner !== undefined });
    radio.addEventListener("change", () => changed(value));
    const label = h("label", { class: "swatch", title: words }, radio);
    label.style.setProperty("--swatch", value);
    return label;
  });
  return h("fieldset", { class: "swatches" }, h("legend", { class: "field-label" }, "Your colour"), ...choices);
}
