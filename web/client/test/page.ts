/* What runs in the page of the browser tests. */
import Quill from "quill";
import { bindQuill, bindTextarea, Connection, QUILL_FORMATS } from "../src/script.js";
import type { PageWindow } from "./browser.js";

const page = window as unknown as PageWindow;

page.start = async ({ url, id, name, kind, openEnd, pasteMax }) => {
  page.connection = new Connection({ url, name, color: "#cc3366", timing: { retryFirstMs: 5, retryMaxMs: 20 } });
  page.drafts = [];
  page.connection.on("draft", (draft) => page.drafts.push(draft));
  /* Slow typing is one step as well. */
  const undo = { captureMs: 60_000 };
  const limit = pasteMax === undefined ? {} : { pasteMax };
  const doc = page.connection.open(id);
  page.doc = doc;
  doc.on("draft", (draft) => page.drafts.push(draft));
  page.errors = [];
  doc.on("error", ({ code }) => page.errors.push(code));
  await doc.ready;
  page.textarea = document.querySelector("textarea") as HTMLTextAreaElement;
  if (kind === "textarea") page.binding = bindTextarea(doc, page.textarea, { undo, ...limit });
  if (kind !== "quill") return;
  const formats = openEnd === true ? null : [...QUILL_FORMATS];
  const quill = new Quill("#editor", { ...(formats === null ? {} : { formats }), modules: { toolbar: false } });
  page.quill = quill;
  countChanges(quill);
  page.binding = bindQuill(doc, quill, { undo, ...limit });
};

/** Each is worked in on what is there, which takes Quill time in proportion to the square of its lines. */
function countChanges({ editor }: Quill): void {
  const applyDelta = editor.applyDelta.bind(editor);
  page.changes = 0;
  editor.applyDelta = (delta) => {
    page.changes++;
    return applyDelta(delta);
  };
}
