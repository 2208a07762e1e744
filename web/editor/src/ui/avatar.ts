import { isColor, textOn } from "../pure/palette.js";
import { initials } from "../pure/words.js";
import { h } from "./dom.js";

export interface Person {
  name: string;
  color: string;
}

const NO_COLOR = "#637281";

export function personColor(person: Person): string {
  return isColor(person.color) ? person.color : NO_COLOR;
}

/** A disc with somebody's initials; decoration beside the name, so hidden from screen readers. */
export function avatar(person: Person, className = ""): HTMLElement {
  const disc = h("span", { class: `avatar ${className}`.trim(), "aria-hidden": "true" });
  paintAvatar(disc, person);
  return disc;
}

export function paintAvatar(disc: HTMLElement, person: Person): void {
  const color = personColor(person);
  disc.dataset["initials"] = initials(person.name);
  disc.style.backgroundColor = color;
  disc.style.color = textOn(color);
}
