/* The plain script build: everything under the global `Quire`. */
export * from "./index.js";
export { bindQuill, QUILL_FORMATS, type QuillBinding, type QuillOptions } from "./quill.js";
export { bindTextarea, type TextareaBinding, type TextareaOptions } from "./textarea.js";
export * as ot from "./ot/index.js";
