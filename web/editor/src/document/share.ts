import type { Document, LinkRole, Role, Sharer, ShareLink } from "@quire/client";
import { errorWords } from "../pure/error-words.js";
import { rememberSecret, secretOf, shareAddress } from "../share-links.js";
import { openDialog } from "../ui/dialog.js";
import { copyText, h, nameNode, setHidden, setText } from "../ui/dom.js";
import type { Toasts } from "../ui/toast.js";

const DAY_MS = 86_400_000;
const ROLES: readonly [LinkRole, string][] = [
  ["viewer", "can read"],
  ["commenter", "can read and chat"],
  ["editor", "can write"],
];
const ALL_ROLES: readonly [Role, string][] = [...ROLES, ["owner", "owns it"]];
const ENDS: readonly [string, string][] = [["", "does not end"], ["1", "for a day"], ["7", "for a week"], ["30", "for 30 days"]];

/** For owners: links to the document and people with roles of their own. Each change acts at once. */
export function openShareDialog(doc: Document, toasts: Toasts): void {
  new ShareDialog(doc, toasts);
}

class ShareDialog {
  readonly #doc: Document;
  readonly #toasts: Toasts;
  readonly #links = h("ul", { class: "share-list share-links" });
  readonly #people = h("ul", { class: "share-list share-people" });
  readonly #problem = h("p", { class: "problem", role: "alert", hidden: true });
  readonly #role = select("Role of the link", ROLES, "viewer");
  readonly #ends = select("How long the link works", ENDS, "");
  readonly #label = h("input", { class: "input", name: "label", autocomplete: "off", maxlength: 100, placeholder: "For whom (optional)", "aria-label": "For whom the link is" });
  readonly #who = h("input", { class: "input", name: "who", autocomplete: "off", spellcheck: "false", maxlength: 128, placeholder: "User id", "aria-label": "User id" });
  readonly #whoseRole = select("Role of the person", ALL_ROLES, "editor");

  constructor(doc: Document, toasts: Toasts) {
    this.#doc = doc;
    this.#toasts = toasts;
    openDialog({
      title: "Share",
      className: "share-dialog",
      body: [
        part("Links", this.#links),
        newRow("New link", [this.#label, this.#role, this.#ends], "Create link", () => this.#createLink()),
        part("People", this.#people),
        newRow("New person", [this.#who, this.#whoseRole], "Add", () => this.#addMember()),
        this.#problem,
      ],
      confirm: "Done",
      cancel: null,
      accept: () => undefined,
    });
    void this.#run(() => this.#refresh());
  }

  #fail(words: string): void {
    setText(this.#problem, words);
    setHidden(this.#problem, false);
  }

  async #run(task: () => Promise<void>): Promise<void> {
    setHidden(this.#problem, true);
    try {
      await task();
    } catch (error) {
      this.#fail(errorWords(error));
    }
  }

  async #refresh(): Promise<void> {
    const { sharing } = this.#doc;
    const [links, people] = await Promise.all([sharing.links(), sharing.members()]);
    const keepFocus = focusKept(this.#links, this.#people);
    this.#links.replaceChildren(...(links.length > 0 ? links.map((link) => this.#linkRow(link)) : [nothing("There are no links.")]));
    this.#people.replaceChildren(...(people.length > 0 ? people.map((person) => this.#personRow(person)) : [nothing("Nobody has a role here yet.")]));
    keepFocus();
  }

  #linkRow(link: ShareLink): HTMLElement {
    const secret = secretOf(this.#doc.id, link.number);
    const ends = link.expires === null ? "" : `, until ${link.expires.toLocaleString()}`;
    const words = `${wordsFor(link.role)}${ends}`;
    const row = h("li", { class: "share-item" }, h("span", { class: "share-name" }, nameNode(link.label || "Link")), h("span", { class: "soft small" }, words));
    const named = link.label ? `the link ${link.label}` : "this link";
    if (secret !== null) row.append(button("Copy", () => this.#copy(secret), `Copy ${named}`));
    row.append(button("Revoke", () => this.#change(() => this.#doc.sharing.revokeLink(link.number)), `Revoke ${named}`));
    return row;
  }

  #personRow({ sub, role }: Sharer): HTMLElement {
    const choice = select(`Role of ${sub}`, ALL_ROLES, role);
    choice.addEventListener("change", () => this.#change(() => this.#doc.sharing.setMember(sub, choice.value as Role)));
    const remove = button("Remove", () => this.#change(() => this.#doc.sharing.setMember(sub, null)), `Remove ${sub}`);
    return h("li", { class: "share-item" }, h("span", { class: "share-name" }, nameNode(sub)), choice, remove);
  }

  #change(task: () => Promise<void>): void {
    void this.#run(async () => {
      await task();
      await this.#refresh();
    });
  }

  #createLink(): void {
    const days = Number(this.#ends.value);
    this.#change(async () => {
      const { number, secret } = await this.#doc.sharing.createLink({
        role: this.#role.value as LinkRole,
        label: this.#label.value.trim(),
        expires: days > 0 ? new Date(Date.now() + days * DAY_MS) : null,
      });
      rememberSecret(this.#doc.id, number, secret);
      this.#label.value = "";
      await this.#copyAddress(secret);
    });
  }

  #addMember(): void {
    const sub = this.#who.value.trim();
    if (sub === "") {
      this.#who.focus();
      return this.#fail("Please enter the user id of whom to add.");
    }
    this.#change(async () => {
      await this.#doc.sharing.setMember(sub, this.#whoseRole.value as Role);
      this.#who.value = "";
    });
  }

  #copy(secret: string): void {
    void this.#run(() => this.#copyAddress(secret));
  }

  async #copyAddress(secret: string): Promise<void> {
    const address = shareAddress(this.#doc.id, secret);
    const copied = await copyText(address);
    this.#toasts.show(copied ? "Link copied. Whoever has it can use it until you revoke it." : `The link is ${address}`);
  }
}

function wordsFor(role: Role): string {
  return ALL_ROLES.find(([value]) => value === role)?.[1] ?? role;
}

/** Fields with a button. Enter in a field is the button, not the end of the dialog. */
function newRow(label: string, fields: HTMLElement[], action: string, run: () => void): HTMLElement {
  const row = h("div", { class: "share-row", role: "group", "aria-label": label }, ...fields, button(action, run));
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    run();
  });
  return row;
}

/** Call it before the lists are filled anew, and what it returns behind: the focus goes to the same place, or to what took it. */
function focusKept(...lists: HTMLElement[]): () => void {
  const focused = document.activeElement;
  const list = lists.find((each) => each.contains(focused));
  if (!list || !focused) return () => undefined;
  const rows = [...list.children];
  const row = rows.findIndex((each) => each.contains(focused));
  const place = [...(rows[row] as Element).children].indexOf(focused);
  return () => {
    const now = list.children[Math.min(row, list.children.length - 1)];
    const same = now?.children[place];
    const next = same instanceof HTMLElement && same.tabIndex >= 0 ? same : now?.querySelector<HTMLElement>("button, select");
    (next ?? list.closest("dialog")?.querySelector<HTMLElement>("[type=submit]"))?.focus();
  };
}

function part(name: string, list: HTMLElement): HTMLElement {
  list.setAttribute("aria-label", name);
  return h("div", { class: "field" }, h("span", { class: "field-label" }, name), list);
}

function nothing(words: string): HTMLElement {
  return h("li", { class: "soft small" }, words);
}

function button(label: string, run: () => void, hint?: string): HTMLElement {
  const element = h("button", { type: "button", class: "button small-button", "aria-label": hint ?? null, title: hint ?? null }, label);
  element.addEventListener("click", run);
  return element;
}

function select(label: string, options: readonly (readonly [string, string])[], chosen: string): HTMLSelectElement {
  const element = h("select", { class: "input", "aria-label": label }, ...options.map(([value, words]) => h("option", { value }, words)));
  element.value = chosen;
  return element;
}
