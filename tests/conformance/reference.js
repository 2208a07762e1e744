// quill-delta's answers to the questions of `quire ot`.

import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

const VERSION = "5.1.0";

const Delta = quillDelta();
const { AttributeMap } = Delta;

function quillDelta() {
  const require = createRequire(import.meta.url);
  try {
    const { version } = require("quill-delta/package.json");
    if (version !== VERSION) throw new Error(`quill-delta ${version} is installed, not ${VERSION}`);
    return require("quill-delta");
  } catch (cause) {
    throw new Error("quill-delta is missing: run `npm ci` in tests/conformance", { cause });
  }
}

function definedOnly(attributes, isInsert) {
  const kept = Object.entries(attributes).filter(([, value]) => !(isInsert && value === null));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

// The form in which Quire takes an operation: pushed together, without empty attributes and without
// nulls on inserts. quill-delta itself would keep those.
export function canonical(ops) {
  const delta = new Delta();
  for (const op of ops) {
    const { attributes, ...action } = op;
    const kept = attributes && definedOnly(attributes, "insert" in op);
    delta.push(kept ? { ...action, attributes: kept } : action);
  }
  return delta.chop();
}

// quill-delta tells equal objects in attributes apart by identity and then restores them although
// nothing changed: right, but redundant. Here they are told apart by value.
function attributesInvert(patch = {}, base = {}) {
  const inverse = {};
  for (const key of Object.keys(base))
    if (key in patch && !isDeepStrictEqual(base[key], patch[key])) inverse[key] = base[key];
  for (const key of Object.keys(patch)) if (!(key in base)) inverse[key] = null;
  return inverse;
}

// Runs `answer` with a member of quill-delta replaced.
function replaced(owner, name, replacement, answer) {
  const original = owner[name];
  owner[name] = replacement;
  try {
    return answer();
  } finally {
    owner[name] = original;
  }
}

const invertByValue = (op, doc) => replaced(AttributeMap, "invert", attributesInvert, () => op.invert(doc));

// quill-delta's push without the step that moves an insert before a delete: Quire's stable order.
const pushReordering = Delta.prototype.push;

function pushStable(op) {
  const last = this.ops.at(-1);
  const reorders = last && last.delete !== undefined && op.insert !== undefined;
  if (reorders) this.ops.push(structuredClone(op));
  else pushReordering.call(this, op);
  return this;
}

const answers = {
  compose: ([a, b]) => canonical(a).compose(canonical(b)).ops,
  transform: ([a, b], priority) => canonical(a).transform(canonical(b), priority).ops,
  apply: ([doc, op]) => canonical(doc).compose(canonical(op)).ops,
  invert: ([op, doc]) => invertByValue(canonical(op), canonical(doc)).ops,
  position: ([op, position], priority) => canonical(op).transformPosition(position, priority),
};

// What `quire ot` should answer to `question`.
export function expected(question) {
  const name = Object.keys(answers).find((key) => key in question);
  const answer = () => answers[name](question[name], question.priority ?? false);
  return question.order === "stable" ? replaced(Delta.prototype, "push", pushStable, answer) : answer();
}

export { Delta };
