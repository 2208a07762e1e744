import type { DocumentInfo } from "@quire/client";
import { documentPath } from "../pure/routes.js";
import { UNTITLED } from "../pure/names.js";
import { peopleHere, relativeTime } from "../pure/words.js";
import { h, setHidden, setText } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuFor } from "../ui/menu.js";
import { iconButton } from "../ui/top-menu.js";

export interface RowActions {
  rename: (info: DocumentInfo) => void;
  remove: (info: DocumentInfo) => void;
}

/** One document in the list; kept across refreshes, so that focus and open menus stay where they are. */
export class Row {
  readonly element: HTMLElement;
  info: DocumentInfo;
  readonly #title = h("bdi", { class: "row-title" });
  readonly #changed = h("time", { class: "row-changed" });
  readonly #people = h("span", { class: "row-people" });
  readonly #peopleText = h("span");
  readonly #more = iconButton("more", "More");

  constructor(info: DocumentInfo, actions: RowActions) {
    this.info = info;
    this.#people.append(h("span", { class: "live-dot" }), this.#peopleText);
    const kind = info.type === "rich" ? "Rich text" : "Plain text";
    const link = h(
      "a",
      { class: "row-link", href: documentPath(info.id) },
      h("span", { class: "row-icon", title: kind }, icon(info.type), h("span", { class: "off-screen" }, `${kind}: `)),
      h("span", { class: "row-words" }, this.#title, h("span", { class: "row-facts" }, this.#changed, this.#people)),
    );
    menuFor(this.#more, () => [
      { label: "Rename…", icon: "edit", run: () => actions.rename(this.info) },
      { label: "Delete…", icon: "bin", danger: true, run: () => actions.remove(this.info) },
    ]);
    this.element = h("li", { class: "row" }, link, h("span", { class: "row-more" }, this.#more));
    this.update(info);
  }

  update(info: DocumentInfo): void {
    this.info = info;
    setText(this.#title, info.title || UNTITLED);
    this.#more.setAttribute("aria-label", `More about ${info.title || UNTITLED}`);
    setText(this.#peopleText, peopleHere(info.people));
    setHidden(this.#people, info.people === 0);
    this.tell();
  }

  /** Says anew how long ago the document has changed. */
  tell(): void {
    const { updated } = this.info;
    setText(this.#changed, `changed ${relativeTime(updated, new Date())}`);
    this.#changed.setAttribute("datetime", updated.toISOString());
    this.#changed.setAttribute("title", updated.toLocaleString());
  }
}
