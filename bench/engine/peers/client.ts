/* The engine of our own client, as its documents use it: to be bundled beside the peers. */
export { compose, transform } from "../../../web/client/src/ot/algebra.js";
export { Doc } from "../../../web/client/src/ot/document.js";
export { fromComponents } from "../../../web/client/src/ot/op.js";
