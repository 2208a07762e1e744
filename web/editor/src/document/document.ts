import type { Document } from "@quire/client";
import type { App, View } from "../app.js";
import { codeOf, errorWords } from "../pure/error-words.js";
import { insertedText, type Op } from "../pure/safe-delta.js";
import { h, Scope } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { StateLine } from "../ui/state-line.js";
import { allDocumentsLink, failedPage, notFoundPage } from "../views.js";
import { Bar } from "./bar.js";
import { ChatDock } from "./chat-dock.js";
import { gonePage, Notices } from "./notices.js";
import { plainSurface } from "./plain.js";
import { richSurface } from "./rich.js";
import { listenToShortcuts } from "./shortcuts.js";
import type { Surface } from "./surface.js";
import { Title } from "./title.js";

/** One document at `/d/ID`. */
export class DocumentView implements View {
  readonly element = h("div", { class: "doc-page" });
  readonly #app: App;
  readonly #doc: Document;
  readonly #scope = new Scope();
  readonly #stateLine: StateLine;
  #gone = false;

  constructor(app: App, id: string) {
    this.#app = app;
    this.#doc = app.connection.open(id);
    const doc = this.#doc;
    const { net } = app;
    this.#stateLine = new StateLine(
      () => ({
        connection: net.status,
        document: doc.status,
        saved: doc.saved,
        kept: doc.stored,
        retryMs: net.retryMs,
        noNetwork: net.noNetwork,
      }),
      () => net.retry(),
    );
    this.#watchState();
    this.#showWaiting();
    doc.ready.then(
      () => this.#show(),
      (error: unknown) => this.#fail(error),
    );
  }

  dispose(): void {
    this.#scope.dispose();
    if (!this.#gone) this.#doc.close();
    this.#gone = true;
  }

  #watchState(): void {
    const doc = this.#doc;
    const update = (): void => this.#stateLine.update();
    this.#scope.add(this.#app.net.watch(update));
    this.#scope.add(doc.on("saved", update));
    this.#scope.add(doc.on("status", (status, detail) => (status === "closed" ? this.#closed(detail?.code ?? "") : update())));
    this.#scope.add(() => this.#stateLine.dispose());
    this.#scope.on(window, "beforeunload", (event: BeforeUnloadEvent) => {
      if (!doc.saved && !doc.stored) event.preventDefault();
    });
    update();
  }

  #showWaiting(): void {
    document.title = "Quire";
    const home = h("a", { class: "icon-button bar-home", href: "/", "aria-label": "All documents", title: "All documents" }, icon("back"));
    const lines = Array.from({ length: 5 }, () => h("span", { class: "ghost" }));
    this.element.replaceChildren(
      h("header", { class: "bar" }, home, h("div", { class: "bar-words" }, this.#stateLine.element)),
      h("div", { class: "doc-body" }, h("main", { class: "page", "aria-busy": "true" }, h("div", { class: "sheet waiting" }, ...lines))),
    );
  }

  #show(): void {
    if (this.#gone) return;
    const doc = this.#doc;
    const app = this.#app;
    const readOnly = doc.role === "viewer" || doc.role === "commenter";
    const page = h("main", { class: "page" });
    const notices = new Notices(doc.id);
    const context = { app, doc, page, scope: this.#scope, readOnly };
    const surface = doc.type === "rich" ? richSurface(context) : plainSurface(context);
    const title = new Title(doc, app.connection, this.#scope, app.toasts, () => surface.focus());
    const chat = new ChatDock(doc, this.#scope, {
      leave: () => surface.focus(),
      unread: (count) => title.setUnread(count),
    });
    const bar = new Bar({ app, doc, scope: this.#scope, title, surface, stateLine: this.#stateLine, chat, readOnly });
    if (readOnly) {
      notices.say("You can read this document, but not change it.");
      title.lock();
      if (doc.role === "viewer") chat.lock();
    }
    this.#scope.add(doc.on("draft", ({ ops }) => notices.addDraft(insertedText(ops as Op[]))));
    page.append(notices.element, surface.sheet);
    const column = h("div", { class: "doc-column" }, surface.tools, page);
    this.element.replaceChildren(bar.element, h("div", { class: "doc-body" }, column, chat.backdrop, chat.element));
    chat.covers(bar.element, column);
    listenToShortcuts(this.#scope, surface, chat, app.toasts);
    chat.restore();
    this.#focusFirst(surface);
  }

  /** On a phone the keyboard would cover what one came to read. */
  #focusFirst(surface: Surface): void {
    if (window.matchMedia("(pointer: fine)").matches && !document.querySelector("dialog[open]")) surface.focus();
  }

  #fail(error: unknown): void {
    if (this.#gone) return;
    const code = codeOf(error);
    if (code === "closed") return;
    const page = code === "not_found" ? notFoundPage() : failedPage(errorWords(error), this.#app);
    document.title = "Quire";
    this.element.replaceChildren(page.element);
  }

  #closed(code: string): void {
    if (this.#gone || (code !== "deleted" && code !== "forbidden")) return;
    const deleted = code === "deleted";
    const text = this.#doc.text();
    this.dispose();
    this.element.replaceChildren(
      gonePage(
        deleted ? "This document was deleted" : "You can no longer open this document",
        deleted ? "Somebody deleted it while you had it open." : "Somebody has changed who may see it.",
        text,
        allDocumentsLink(),
      ),
    );
  }
}
