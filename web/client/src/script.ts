/* The plain script build: everything under the global `Quire`. */
export * from "./index.js";
export { bindQuill } from "./quill.js";
export { bindTextarea } from "./textarea.js";
export * as ot from "./ot/index.js";
