import type { Connection, DocumentInfo } from "@quire/client";
import { errorWords } from "../pure/error-words.js";
import { tidyTitle, TITLE_MAX, UNTITLED } from "../pure/names.js";
import { field, openDialog } from "../ui/dialog.js";
import { h, nameNode } from "../ui/dom.js";
import { icon, type IconName } from "../ui/icons.js";

type DocumentType = DocumentInfo["type"];

function titleInput(value: string): HTMLInputElement {
  const input = h("input", { class: "input", name: "title", autocomplete: "off", maxlength: TITLE_MAX, placeholder: UNTITLED, autofocus: true });
  input.value = value;
  return input;
}

export function askNewDocument(connection: Connection, created: (id: string) => void): void {
  const title = titleInput("");
  const rich = typeCard("rich", "rich", "Rich text", "Headings, lists, links, colours");
  const text = typeCard("text", "text", "Plain text", "Notes and code, nothing but characters");
  rich.input.checked = true;
  openDialog({
    title: "New document",
    body: [
      field("Title", title),
      h("fieldset", { class: "type-cards" }, h("legend", { class: "field-label" }, "Kind"), rich.label, text.label),
    ],
    confirm: "Create",
    accept: () => {
      const type: DocumentType = text.input.checked ? "text" : "rich";
      return explain(async () => created(await connection.documents.create({ type, title: tidyTitle(title.value) || UNTITLED })));
    },
  });
}

export function askRename(connection: Connection, id: string, old: string, renamed: (title: string) => void): void {
  const input = titleInput(old);
  openDialog({
    title: "Rename",
    body: [field("Title", input)],
    confirm: "Rename",
    accept: () => {
      const title = tidyTitle(input.value) || UNTITLED;
      return explain(async () => {
        await connection.documents.rename(id, title);
        renamed(title);
      });
    },
  });
  input.select();
}

export function askDelete(connection: Connection, id: string, title: string, removed: () => void): void {
  openDialog({
    title: "Delete this document?",
    body: [
      h("p", {}, nameNode(title || UNTITLED, "quoted"), " and its chat will be gone for everybody. This cannot be undone."),
    ],
    confirm: "Delete",
    danger: true,
    accept: () =>
      explain(async () => {
        await connection.documents.remove(id);
        removed();
      }),
  });
}

async function explain(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return "";
  } catch (error) {
    return errorWords(error);
  }
}

function typeCard(value: DocumentType, name: IconName, label: string, hint: string): { input: HTMLInputElement; label: HTMLElement } {
  const input = h("input", { type: "radio", name: "type", value });
  const words = h("span", { class: "type-words" }, h("span", { class: "type-name" }, label), h("span", { class: "soft small" }, hint));
  return { input, label: h("label", { class: "type-card" }, input, icon(name), words) };
}
