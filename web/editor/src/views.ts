import type { App, View } from "./app.js";
import { h, type Child } from "./ui/dom.js";
import { logo } from "./ui/icons.js";

/** A page with one thing to say and a way on. */
function messagePage(title: string, text: string, ...actions: Child[]): View {
  const element = h(
    "main",
    { class: "message-page" },
    h("span", { class: "empty-sign" }, logo()),
    h("h1", {}, title),
    h("p", { class: "soft" }, text),
    h("div", { class: "message-actions" }, ...actions),
  );
  return { element, dispose: () => element.remove() };
}

export function allDocumentsLink(): HTMLElement {
  return h("a", { class: "button primary", href: "/" }, "All documents");
}

export function missingPage(): View {
  return messagePage("Nothing at this address", "Perhaps a part of the address got lost on its way.", allDocumentsLink());
}

export function notFoundPage(): View {
  return messagePage(
    "Document not found",
    "It may have been deleted, or its address is not quite right. Whoever sent it to you will know.",
    allDocumentsLink(),
  );
}

export function failedPage(text: string, app: App): View {
  const retry = h("button", { class: "button", type: "button", onclick: () => app.go(location.pathname) }, "Try again");
  return messagePage("This document cannot be opened", text, allDocumentsLink(), retry);
}
