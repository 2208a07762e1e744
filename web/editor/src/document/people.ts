import type { Document, Member } from "@quire/client";
import { peopleHere } from "../pure/words.js";
import { avatar } from "../ui/avatar.js";
import { h, nameNode, type Scope } from "../ui/dom.js";
import { Popover } from "../ui/popover.js";

const SHOWN = 4;

/** Who is here: a row of discs, and behind them the names. Choosing somebody goes to where they are writing. */
export class People {
  readonly element: HTMLButtonElement;
  readonly #doc: Document;
  readonly #popover: Popover;
  #shown = "";

  constructor(doc: Document, scope: Scope, goTo: (member: Member) => void) {
    this.#doc = doc;
    this.element = h("button", { type: "button", class: "people" });
    this.#popover = new Popover(this.element, "people-card", () => [
      h("div", { class: "menu-heading" }, peopleHere(this.#count)),
      h("ul", { class: "people-list" }, ...this.#sorted().map((member) => this.#entry(member, goTo)), this.#others()),
    ]);
    scope.add(doc.on("members", () => this.update()));
    this.update();
  }

  update(): void {
    const members = this.#sorted();
    const key = this.#count + members.map(({ member, name, color }) => `${member}\n${color}\n${name}`).join("\n\n");
    if (key === this.#shown) return;
    this.#shown = key;
    this.#paint(members);
    if (this.#popover.isOpen) this.#popover.refresh();
  }

  /** In a large room `members` names only some of those who are here. */
  get #count(): number {
    return Math.max(this.#doc.people, this.#doc.members.size);
  }

  /** Others first, in the order of their coming; oneself is known already. */
  #sorted(): Member[] {
    return [...this.#doc.members.values()].sort((a, b) => Number(a.self) - Number(b.self) || a.member - b.member);
  }

  #paint(members: Member[]): void {
    const count = this.#count;
    const fits = count <= SHOWN + 1 ? count : SHOWN;
    const discs = members.slice(0, fits).map((member) => {
      const disc = avatar(member);
      disc.title = member.self ? `${member.name} (you)` : member.name;
      return disc;
    });
    if (fits < count) discs.push(h("span", { class: "avatar avatar-more", "data-initials": `+${count - fits}` }));
    this.element.replaceChildren(...discs, h("span", { class: "people-count", "aria-hidden": "true" }, String(count)));
    this.element.hidden = count === 0;
    this.element.setAttribute("aria-label", `${peopleHere(count)}: show their names`);
  }

  #others(): HTMLElement | null {
    const more = this.#count - this.#doc.members.size;
    return more > 0 ? h("li", { class: "people-entry soft" }, `and ${more} more`) : null;
  }

  #entry(member: Member, goTo: (member: Member) => void): HTMLElement {
    const inside = [
      avatar(member),
      h("span", { class: "people-name" }, nameNode(member.name), member.self ? h("span", { class: "soft" }, " (you)") : null),
    ];
    if (member.self || member.head === null) return h("li", { class: "people-entry" }, ...inside);
    const button = h("button", { type: "button", class: "menu-item", title: "Go to where they are" }, ...inside);
    button.addEventListener("click", () => {
      this.#popover.hide();
      goTo(member);
    });
    return h("li", {}, button);
  }
}

