import type { Document } from "@quire/client";
import type { App } from "../app.js";
import { askDelete } from "../list/dialogs.js";
import { UNTITLED } from "../pure/names.js";
import { copyText, downloadText, h, type Scope } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuFor, type MenuEntry } from "../ui/menu.js";
import type { StateLine } from "../ui/state-line.js";
import { iconButton, personalEntries } from "../ui/top-menu.js";
import type { ChatDock } from "./chat-dock.js";
import { currentToken } from "../token.js";
import { showShortcuts } from "./help.js";
import { openShareDialog } from "./share.js";
import { People } from "./people.js";
import { mayEdit } from "../pure/roles.js";
import type { Surface } from "./surface.js";
import type { Title } from "./title.js";

export interface BarParts {
  app: App;
  doc: Document;
  scope: Scope;
  title: Title;
  surface: Surface;
  stateLine: StateLine;
  chat: ChatDock;
}

/** The strip at the head of a document: where one is, whether it is saved, who is here, and what else can be done. */
export class Bar {
  readonly element: HTMLElement;
  readonly #parts: BarParts;

  constructor(parts: BarParts) {
    this.#parts = parts;
    const { doc, scope, surface, title, stateLine, chat } = parts;
    const home = h("a", { class: "icon-button bar-home", href: "/", "aria-label": "All documents", title: "All documents" }, icon("back"));
    const people = new People(doc, scope, (member) => surface.goTo(member));
    const share = h("button", { type: "button", class: "button share", title: "Share this document" }, icon("link"), h("span", {}, "Share"));
    share.addEventListener("click", () => this.#share());
    const more = iconButton("more", "More");
    menuFor(more, () => this.#entries());
    this.element = h(
      "header",
      { class: "bar" },
      home,
      h("div", { class: "bar-words" }, title.element, stateLine.element),
      h("div", { class: "bar-buttons" }, people.element, share, chat.button, more),
    );
  }

  #entries(): MenuEntry[] {
    const { app, doc, title } = this.#parts;
    const entries: MenuEntry[] = [
      { label: isPhone() ? "Share address" : "Copy address", icon: "link", run: () => this.#share() },
      { label: "Download as text", icon: "download", run: () => downloadText(doc.text(), `${fileName(doc.title)}.txt`) },
      { label: "Keyboard shortcuts", icon: "keyboard", run: showShortcuts },
    ];
    if (mayEdit(doc)) entries.splice(1, 0, { label: "Rename", icon: "edit", run: () => title.edit() });
    if (doc.role === "owner") {
      const gone = (): void => app.go("/");
      entries.push({ label: "Delete…", icon: "bin", danger: true, run: () => askDelete(app.connection, doc.id, doc.title, gone) });
    }
    return [...entries, "line", ...personalEntries(app)];
  }

  /** Owners who came by a token give others roles; where everybody may do everything the address is enough. */
  #share(): void {
    const { doc, app } = this.#parts;
    if (doc.role === "owner" && currentToken() !== null) return openShareDialog(doc, app.toasts);
    if (isPhone() && "share" in navigator) {
      navigator.share({ title: doc.title || UNTITLED, url: location.href }).catch(() => undefined);
      return;
    }
    const { toasts } = app;
    void copyText(location.href).then((copied) =>
      toasts.show(copied ? "Address copied. Send it to whoever should write with you." : `The address is ${location.href}`),
    );
  }
}

function isPhone(): boolean {
  return window.matchMedia("(pointer: coarse)").matches;
}

function fileName(title: string): string {
  return (title || UNTITLED).replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ").trim() || UNTITLED;
}
