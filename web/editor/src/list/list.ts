import type { DocumentInfo, DocumentList } from "@quire/client";
import type { App, View } from "../app.js";
import { errorWords } from "../pure/error-words.js";
import { appendPage, matchesFilter, mergeFirstPage } from "../pure/merge.js";
import { documentPath } from "../pure/routes.js";
import { countOf } from "../pure/words.js";
import { h, Scope, setHidden, setText } from "../ui/dom.js";
import { icon, logo } from "../ui/icons.js";
import { menuFor } from "../ui/menu.js";
import { StateLine } from "../ui/state-line.js";
import { iconButton, personalEntries } from "../ui/top-menu.js";
import { askDelete, askNewDocument, askRename } from "./dialogs.js";
import { Row } from "./row.js";

const PAGE = 50;
const EMPTY_PAGES_MAX = 20;
const REFRESH_MS = 15_000;

/** The list of documents at `/`. */
export class ListView implements View {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #scope = new Scope();
  readonly #rows = new Map<string, Row>();
  readonly #rowList = h("ul", { class: "rows" });
  readonly #filter = h("input", { class: "input filter-input", type: "search", placeholder: "Filter by title", "aria-label": "Filter by title" });
  readonly #count = h("p", { class: "list-count soft small", role: "status" });
  readonly #noMatch = h("p", { class: "list-none soft", hidden: true }, "No title here matches that.");
  readonly #moreButton = h("button", { class: "button list-more", type: "button", hidden: true }, "Show more");
  readonly #problem = h("p", { class: "notice", role: "alert", hidden: true });
  readonly #unsaved = h("div", { class: "notices" });
  readonly #empty: HTMLElement;
  readonly #filled: HTMLElement;
  readonly #waiting = h("ul", { class: "rows rows-waiting", "aria-hidden": "true" });
  #documents: DocumentInfo[] = [];
  #more = false;
  #loading = false;

  constructor(app: App) {
    this.#app = app;
    for (let i = 0; i < 4; i++) this.#waiting.append(h("li", { class: "row" }, h("span", { class: "ghost" })));
    this.#empty = emptyState(() => this.#create());
    const filterBox = h("div", { class: "filter" }, icon("search"), this.#filter);
    this.#filled = h("div", { hidden: true }, filterBox, this.#rowList, this.#noMatch, this.#moreButton, this.#count);
    this.element = h(
      "div",
      { class: "list-page" },
      this.#header(),
      h("main", { class: "list-main" }, this.#heading(), this.#unsaved, this.#problem, this.#waiting, this.#empty, this.#filled),
    );
    this.#filter.addEventListener("input", () => this.#show());
    this.#moreButton.addEventListener("click", () => void this.#loadMore());
    this.#start();
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #header(): HTMLElement {
    const { net } = this.#app;
    const line = new StateLine(
      () => ({ connection: net.status, document: "live", saved: true, refusal: null, kept: true, retryMs: net.retryMs, noNetwork: net.noNetwork }),
      () => net.retry(),
    );
    line.element.classList.add("state-quiet");
    line.update();
    this.#scope.add(net.watch(() => line.update()));
    this.#scope.add(() => line.dispose());
    const menu = iconButton("more", "Menu");
    menuFor(menu, () => personalEntries(this.#app));
    const brand = h("a", { class: "brand", href: "/" }, logo(), h("span", {}, "Quire"));
    return h("header", { class: "list-bar" }, brand, line.element, h("span", { class: "bar-buttons" }, menu));
  }

  #heading(): HTMLElement {
    const create = h("button", { class: "button primary", type: "button" }, icon("plus"), "New document");
    create.addEventListener("click", () => this.#create());
    return h("div", { class: "list-heading" }, h("h1", {}, "Documents"), create);
  }

  #start(): void {
    const showUnsaved = (): void => this.#unsaved.replaceChildren(...this.#app.unsaved.cards());
    this.#scope.add(this.#app.unsaved.watch(showUnsaved));
    showUnsaved();
    const refresh = (): void => void this.#refresh();
    this.#scope.on(window, "focus", refresh);
    this.#scope.on(document, "keydown", (event: KeyboardEvent) => this.#key(event));
    this.#scope.every(REFRESH_MS, () => {
      for (const row of this.#rows.values()) row.tell();
      if (document.visibilityState === "visible") refresh();
    });
    let connected = this.#app.net.status;
    const off = this.#app.net.watch(() => {
      if (this.#app.net.status !== connected && this.#app.net.status === "connected") refresh();
      connected = this.#app.net.status;
    });
    this.#scope.add(off);
    refresh();
  }

  async #refresh(): Promise<void> {
    if (this.#loading || (this.#app.net.status !== "connected" && this.#documents.length > 0)) return;
    await this.#load(async () => {
      const { documents, more } = await this.#page();
      const hadMore = this.#documents.length > documents.length && this.#more;
      this.#documents = mergeFirstPage(this.#documents, documents, more);
      this.#more = this.#documents.length > documents.length ? hadMore : more;
    });
  }

  async #loadMore(): Promise<void> {
    const after = this.#documents[this.#documents.length - 1];
    if (this.#loading || !after) return;
    await this.#load(async () => {
      const { documents, more } = await this.#page(after);
      this.#documents = appendPage(this.#documents, documents);
      this.#more = more;
    });
  }

  /** Where most documents are hidden from this user, the server may have looked at many and found none: then on. */
  async #page(after?: DocumentInfo): Promise<DocumentList> {
    const { documents } = this.#app.connection;
    let page = await documents.list(after ? { limit: PAGE, after } : { limit: PAGE });
    for (let tries = 0; page.documents.length === 0 && page.more && page.next && tries < EMPTY_PAGES_MAX; tries++) {
      page = await documents.list({ limit: PAGE, after: page.next });
    }
    return page;
  }

  async #load(run: () => Promise<void>): Promise<void> {
    this.#loading = true;
    try {
      await run();
      setHidden(this.#problem, true);
      this.#show();
    } catch (error) {
      setText(this.#problem, errorWords(error));
      setHidden(this.#problem, this.#app.net.status !== "connected");
    } finally {
      this.#loading = false;
    }
  }

  #show(): void {
    const query = this.#filter.value.trim();
    const shown = this.#documents.filter(({ title }) => !query || matchesFilter(title, query));
    this.#showRows(shown);
    setHidden(this.#waiting, true);
    setHidden(this.#empty, this.#documents.length > 0);
    setHidden(this.#filled, this.#documents.length === 0);
    setHidden(this.#noMatch, shown.length > 0);
    setHidden(this.#moreButton, !this.#more);
    const loaded = countOf(this.#documents.length, "document", "documents");
    const all = this.#more ? `${loaded} loaded` : loaded;
    setText(this.#count, query ? `${shown.length} of ${all}` : all);
  }

  #showRows(shown: DocumentInfo[]): void {
    const kept = new Set(this.#documents.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    const wanted = shown.map((info) => this.#rowFor(info).element);
    if (wanted.length === this.#rowList.children.length && wanted.every((row, i) => row === this.#rowList.children[i])) return;
    const focused = document.activeElement;
    this.#rowList.replaceChildren(...wanted);
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  #rowFor(info: DocumentInfo): Row {
    const known = this.#rows.get(info.id);
    if (known) {
      known.update(info);
      return known;
    }
    const { connection } = this.#app;
    const row = new Row(info, {
      rename: ({ id, title }) => askRename(connection, id, title, () => void this.#refresh()),
      remove: ({ id, title }) => askDelete(connection, id, title, () => this.#drop(id)),
    });
    this.#rows.set(info.id, row);
    return row;
  }

  #drop(id: string): void {
    this.#documents = this.#documents.filter((info) => info.id !== id);
    this.#show();
  }

  #create(): void {
    askNewDocument(this.#app.connection, (id) => this.#app.go(documentPath(id)));
  }

  #key(event: KeyboardEvent): void {
    const typing = (event.target as Element).closest("input, textarea, dialog, [popover]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") this.#filter.focus();
    else if (event.key === "n") this.#create();
    else return;
    event.preventDefault();
  }
}

function emptyState(create: () => void): HTMLElement {
  const button = h("button", { class: "button primary", type: "button" }, icon("plus"), "Write the first one");
  button.addEventListener("click", create);
  return h(
    "div",
    { class: "empty", hidden: true },
    h("span", { class: "empty-sign" }, logo()),
    h("h2", {}, "Nothing here yet"),
    h("p", { class: "soft" }, "Start a document, send its address to others, and write it together."),
    button,
  );
}
