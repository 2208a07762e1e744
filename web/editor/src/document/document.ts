import type { Document } from "@quire/client";
import type { App, View } from "../app.js";
import { codeOf, errorWords, isQuiet } from "../pure/error-words.js";
import { insertedText, type Op } from "../pure/ops.js";
import { mayChat, mayEdit } from "../pure/roles.js";
import { readOnlyWords } from "../pure/words.js";
import { h, Scope, setHidden, setText } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { StateLine } from "../ui/state-line.js";
import { unsavedActions } from "../ui/unsaved-card.js";
import { allDocumentsLink, failedPage, notFoundPage } from "../views.js";
import { Bar } from "./bar.js";
import { keepColorsApart } from "./colors.js";
import { ChatDock } from "./chat-dock.js";
import { gonePage, Notices } from "./notices.js";
import { plainSurface } from "./plain.js";
import { richSurface } from "./rich.js";
import { listenToShortcuts } from "./shortcuts.js";
import { linkFor, takeLinkFromAddress } from "../share-links.js";
import type { Surface } from "./surface.js";
import { Title } from "./title.js";

/** One document at `/d/ID`. */
export class DocumentView implements View {
  readonly element = h("div", { class: "doc-page" });
  readonly #app: App;
  readonly #doc: Document;
  /** What lives as long as the page does. */
  readonly #scope = new Scope();
  /** What lives until the document is shown anew. */
  readonly #content = new Scope();
  readonly #notices: Notices;
  readonly #stateLine: StateLine;
  readonly #readOnlyWords = h("p", { role: "status" });
  /** What to do with what was written and is not saved. */
  readonly #readOnlyActions = h("div", {});
  readonly #readOnlyNotice = h("div", { class: "notice read-only", hidden: true }, this.#readOnlyWords, this.#readOnlyActions);
  #setReadOnly: ((readOnly: boolean, silent: boolean) => void) | null = null;
  #shown = false;
  #gone = false;

  constructor(app: App, id: string) {
    this.#app = app;
    takeLinkFromAddress(id, location.hash);
    this.#doc = app.connection.open(id, { link: linkFor(id) });
    app.unsaved.opened(id);
    this.#notices = new Notices(id);
    const doc = this.#doc;
    const { net } = app;
    this.#stateLine = new StateLine(
      () => ({
        connection: net.status,
        document: doc.status,
        saved: doc.saved,
        refusal: doc.refusal ?? (mayEdit(doc) ? null : "forbidden"),
        kept: doc.stored,
        retryMs: net.retryMs,
        noNetwork: net.noNetwork,
      }),
      () => net.retry(),
    );
    this.#watch();
    this.#showWaiting();
    doc.ready.then(() => this.#show()).catch((error: unknown) => this.#fail(error));
  }

  dispose(): void {
    this.#content.dispose();
    this.#scope.dispose();
    if (!this.#gone) this.#doc.close();
    this.#gone = true;
  }

  #watch(): void {
    const doc = this.#doc;
    const scope = this.#scope;
    const update = (): void => this.#stateLine.update();
    const saved = (): void => {
      update();
      this.#sayReadOnly();
    };
    scope.add(this.#app.net.watch(update));
    scope.add(doc.on("saved", saved));
    scope.add(doc.on("status", (status, { code }) => (status === "closed" && this.#shown ? this.#closed(code ?? "") : update())));
    scope.add(doc.on("error", (error) => this.#complain(error)));
    scope.add(doc.on("role", () => this.#applyRole()));
    scope.add(doc.on("draft", ({ ops, reason }) => this.#notices.addDraft({ text: insertedText(ops as Op[]), reason })));
    scope.add(() => this.#stateLine.dispose());
    scope.on(window, "beforeunload", (event: BeforeUnloadEvent) => {
      if (!doc.saved && !doc.stored) event.preventDefault();
    });
    update();
  }

  #complain(error: unknown): void {
    if (this.#doc.status === "closed") return;
    this.#stateLine.update();
    if (!isQuiet(error)) this.#app.toasts.show(errorWords(error));
  }

  #showWaiting(): void {
    const home = h("a", { class: "icon-button bar-home", href: "/", "aria-label": "All documents", title: "All documents" }, icon("back"));
    const lines = Array.from({ length: 5 }, () => h("span", { class: "ghost" }));
    this.element.replaceChildren(
      h("header", { class: "bar" }, home, h("div", { class: "bar-words" }, this.#stateLine.element)),
      h("div", { class: "doc-body" }, h("main", { class: "doc-column" }, h("div", { class: "page", "aria-busy": "true" }, h("div", { class: "sheet waiting" }, ...lines)))),
    );
  }

  #show(): void {
    if (this.#gone) return;
    this.#shown = true;
    this.#content.dispose();
    const doc = this.#doc;
    const app = this.#app;
    const scope = this.#content;
    const page = h("div", { class: "page" });
    const context = { app, doc, page, scope };
    const surface = doc.type === "rich" ? richSurface(context) : plainSurface(context);
    const title = new Title(doc, app.connection, scope, app.toasts, () => surface.focus());
    const chat = new ChatDock(doc, scope, { leave: () => surface.focus(), unread: (count) => title.setUnread(count) });
    keepColorsApart(app, doc, scope);
    const bar = new Bar({ app, doc, scope, title, surface, stateLine: this.#stateLine, chat });
    this.#setReadOnly = (readOnly, silent) => {
      surface.setReadOnly(readOnly);
      title.lock(readOnly);
      chat.lock(silent);
    };
    this.#applyRole();
    page.append(this.#readOnlyNotice, this.#notices.element, surface.sheet);
    const column = h("main", { class: "doc-column" }, surface.tools, page);
    this.element.replaceChildren(bar.element, h("div", { class: "doc-body" }, column, chat.backdrop, chat.element));
    chat.covers(bar.element, column);
    listenToShortcuts(scope, surface, chat, app.toasts);
    chat.restore();
    focusFirst(surface);
  }

  /** The role may change at any time: everything stays where it is, and what is unsaved stays on screen. */
  #applyRole(): void {
    const readOnly = !mayEdit(this.#doc);
    this.#setReadOnly?.(readOnly, !mayChat(this.#doc));
    this.#sayReadOnly();
    setHidden(this.#readOnlyNotice, !readOnly);
    this.#stateLine.update();
  }

  #sayReadOnly(): void {
    const doc = this.#doc;
    setText(this.#readOnlyWords, readOnlyWords(doc.saved));
    if (doc.saved) return this.#readOnlyActions.replaceChildren();
    if (this.#readOnlyActions.childElementCount === 0) {
      this.#readOnlyActions.append(unsavedActions(() => insertedText(doc.unsaved() as Op[]), () => doc.discard()));
    }
  }

  #fail(error: unknown): void {
    if (this.#gone) return;
    const code = codeOf(error);
    const page = code === "not_found" || code === "bad_id" ? notFoundPage() : failedPage(errorWords(error), this.#app);
    this.element.replaceChildren(page.element, this.#notices.element);
  }

  #closed(code: string): void {
    if (this.#gone) return;
    const forbidden = code === "forbidden";
    const text = this.#doc.text();
    this.dispose();
    document.title = "Quire";
    this.element.replaceChildren(
      gonePage(
        this.#doc.id,
        forbidden ? "You can no longer open this document" : "This document was deleted",
        forbidden ? "Somebody has changed who may see it." : "Somebody deleted it while you had it open.",
        text,
        allDocumentsLink(),
      ),
    );
  }
}

/** On a phone the keyboard would cover what one came to read. */
function focusFirst(surface: Surface): void {
  if (window.matchMedia("(pointer: fine)").matches && !document.querySelector("dialog[open]")) surface.focus();
}
