// Where Quire differs from quill-delta on purpose, one by one: what quill-delta does, and what Quire does.
// Each says both, so a change of either shows.

import { Delta, expected } from "./reference.js";

const EMOJI = "😀";

const composed = ([a, b]) => new Delta(a).compose(new Delta(b)).ops;

const B_NULL = { attributes: { b: null } };
const LIST = { attributes: { list: { kind: "ordered" } } };

// [what it is about, question, quill-delta's result as its own function, the result or error code of Quire]
const DIFFERENCES = [
  [
    "an operation longer than the document is refused",
    { apply: [[{ insert: "ab" }], [{ retain: 5 }, { insert: "x" }]] },
    composed,
    [{ insert: "ab" }, { retain: 3 }, { insert: "x" }],
    "out_of_range",
  ],
  [
    "a deletion longer than the document is refused",
    { apply: [[{ insert: "ab" }], [{ delete: 5 }]] },
    composed,
    [{ delete: 3 }],
    "out_of_range",
  ],
  [
    "a retain of zero eats its neighbour",
    { compose: [[{ insert: "abc" }], [{ retain: 0 }, { delete: 1 }]] },
    composed,
    [{ delete: 1 }],
    "bad_length",
  ],
  [
    "a delete of zero eats all that follows",
    { compose: [[{ insert: "abc" }], [{ delete: 0 }, { retain: 1 }, { insert: "X" }]] },
    composed,
    [{ retain: 1 }, { insert: "X" }],
    "bad_length",
  ],
  [
    "an insert of no text",
    { compose: [[{ insert: "" }, { insert: "abc" }], [{ retain: 1 }, { delete: 1 }]] },
    composed,
    [{ insert: "ac" }],
    "bad_length",
  ],
  [
    "a fractional retain is cut off where it falls",
    { compose: [[{ insert: "abc" }], [{ retain: 1.5 }, { delete: 1 }]] },
    composed,
    [{ insert: "a" }],
    "bad_length",
  ],
  [
    "a component of two kinds is one of them",
    { compose: [[{ insert: "abc" }], [{ insert: "Q", delete: 2 }]] },
    composed,
    [{ insert: "c" }],
    "bad_component",
  ],
  [
    "a component of no kind is an insert of length 1",
    { compose: [[], [{}]] },
    ([, b]) => new Delta(b).length(),
    1,
    "bad_component",
  ],
  [
    "a number is an insert of length 1",
    { compose: [[{ insert: 5 }], [{ retain: 1, attributes: { b: 1 } }]] },
    composed,
    [{ insert: 5, attributes: { b: 1 } }],
    "bad_insert",
  ],
  [
    "a change inside an embed loses the null of another attribute",
    { compose: [[{ retain: { ctr: 3 } }], [{ retain: 1, attributes: { c: null } }]] },
    composed,
    [{ retain: { ctr: 3 } }],
    "embed_change",
  ],
  [
    "__proto__ is lost",
    { compose: [[], [{ insert: "a", attributes: JSON.parse('{"__proto__":1}') }]] },
    ([, b]) => new Delta().insert("a", b[0].attributes).ops.map(({ attributes }) => Object.keys(attributes ?? {})),
    [[]],
    "bad_key",
  ],
  [
    "a negative delete doubles text",
    { compose: [[{ insert: "abc" }], [{ retain: 1 }, { delete: -1 }]] },
    composed,
    [{ insert: "aabc" }],
    "bad_length",
  ],
  [
    "an insert inside a surrogate pair",
    { apply: [[{ insert: EMOJI }], [{ retain: 1 }, { insert: "x" }]] },
    composed,
    [{ insert: "\ud83dx\ude00" }],
    "split_surrogate",
  ],
  [
    "half a pair is deleted",
    { apply: [[{ insert: EMOJI }], [{ delete: 1 }]] },
    composed,
    [{ insert: "\ude00" }],
    "split_surrogate",
  ],
  [
    "two halves become a character",
    { compose: [[{ insert: "\ud83d" }], [{ retain: 1 }, { insert: "\ude00" }]] },
    composed,
    [{ insert: EMOJI }],
    "unpaired_surrogate",
  ],
  [
    "null attributes of inserts are dropped",
    { compose: [[{ insert: "X", ...B_NULL }], []] },
    composed,
    [{ insert: "X", ...B_NULL }],
    [{ insert: "X" }],
  ],
  [
    "and so with a second attribute",
    { apply: [[{ insert: "X", attributes: { b: null, c: 1 } }], []] },
    composed,
    [{ insert: "X", attributes: { b: null, c: 1 } }],
    [{ insert: "X", attributes: { c: 1 } }],
  ],
  [
    "empty attributes are dropped",
    { compose: [[{ insert: "a", attributes: {} }], [{ retain: 1 }, { insert: "b" }]] },
    composed,
    [{ insert: "a", attributes: {} }, { insert: "b" }],
    [{ insert: "ab" }],
  ],
  [
    "what is not canonical is made so",
    {
      compose: [
        [{ insert: "a" }, { insert: "b" }],
        [{ retain: 2 }, { insert: "c" }],
      ],
    },
    composed,
    [{ insert: "a" }, { insert: "bc" }],
    [{ insert: "abc" }],
  ],
  [
    "an inverse leaves out equal objects in attributes",
    { invert: [[{ retain: 1, ...LIST }], [{ insert: "a", ...LIST }]] },
    ([op, doc]) => new Delta(structuredClone(op)).invert(new Delta(doc)).ops,
    [{ retain: 1, ...LIST }],
    [],
  ],
];

// Names that every object in JavaScript has: quill-delta takes them for set where they are not. To Quire they are names
// like others.
const MEMBERS = Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== "__proto__");

// [question, quill-delta's result, Quire's], of an attribute with that name
const memberQuestions = (name) => [
  [
    { compose: [[{ insert: "a", attributes: { [name]: 1 } }], [{ retain: 1, attributes: { b: 1 } }]] },
    composed,
    [{ insert: "a", attributes: { b: 1 } }],
    [{ insert: "a", attributes: { b: 1, [name]: 1 } }],
  ],
  [
    { apply: [[{ insert: "a", attributes: { b: 1 } }], [{ retain: 1, attributes: { [name]: true } }]] },
    composed,
    [{ insert: "a", attributes: { b: 1, [name]: true } }],
    [{ insert: "a", attributes: { b: 1, [name]: true } }],
  ],
  [
    {
      transform: [[{ retain: 1, attributes: { b: 1 } }], [{ retain: 1, attributes: { [name]: 1 } }]],
      priority: true,
    },
    ([a, b]) => new Delta(a).transform(new Delta(b), true).ops,
    [],
    [{ retain: 1, attributes: { [name]: 1 } }],
  ],
  [
    { invert: [[{ retain: 1, attributes: { b: 1 } }], [{ insert: "a", attributes: { [name]: 1 } }]] },
    ([op, doc]) => new Delta(op).invert(new Delta(doc)).ops,
    [{ retain: 1, attributes: { b: null, [name]: 1 } }],
    [{ retain: 1, attributes: { b: null } }],
  ],
  [
    { invert: [[{ retain: 1, attributes: { [name]: 1 } }], [{ insert: "a" }]] },
    ([op, doc]) => new Delta(op).invert(new Delta(doc)).ops,
    [],
    [{ retain: 1, attributes: { [name]: null } }],
  ],
];

// Corners where both agree, and should go on to. Each is asked of both.
const AGREEMENTS = [
  { compose: [[{ insert: "ab" }], [{ retain: 5 }, { insert: "x" }]] },
  { compose: [[{ insert: "ab" }], [{ delete: 5 }]] },
  { compose: [[], []] },
  { compose: [[{ insert: "abc" }], [{ insert: "x" }]] },
  { compose: [[{ retain: 1, attributes: { a: 1, b: 2 } }], [{ retain: 1, attributes: { c: 3, b: 9 } }]] },
  { compose: [[{ retain: 1, attributes: { a: 1 } }], [{ retain: 1, attributes: { a: null } }]] },
  {
    compose: [
      [{ insert: "a", attributes: { a: { x: 1, y: 2 } } }],
      [{ retain: 1, attributes: { a: { x: null } } }],
    ],
  },
  { compose: [[{ insert: { a: 1 } }, { insert: { a: 1 } }], [{ retain: 2, attributes: { b: false } }]] },
  { compose: [[{ delete: 1 }], [{ insert: "Q" }]] },
  { compose: [[{ retain: 1 }, { insert: "Q" }], [{ delete: 1 }]] },
  { compose: [[{ insert: "a\u0000b" }], [{ retain: 1 }, { delete: 1 }]] },
  { compose: [[{ insert: { image: null } }], [{ retain: 1, attributes: { "": 0 } }]] },
  {
    transform: [[{ retain: 1, attributes: { b: null } }], [{ retain: 1, attributes: { b: 1, c: 1 } }]],
    priority: true,
  },
  {
    transform: [[{ retain: 1, attributes: { b: 1 } }], [{ retain: 1, attributes: { b: 1 } }]],
    priority: true,
  },
  { transform: [[{ delete: 3 }], [{ retain: 3, attributes: { b: 1 } }]] },
  {
    transform: [
      [{ insert: "a" }, { insert: { b: 1 } }],
      [{ insert: { c: 1 } }, { insert: "d" }],
    ],
    priority: true,
  },
  {
    transform: [
      [{ insert: "a" }, { insert: { b: 1 } }],
      [{ insert: { c: 1 } }, { insert: "d" }],
    ],
  },
  { transform: [[{ retain: 2147483646 }, { delete: 1 }], [{ delete: 2147483647 }]] },
  ...[0, 1, 2, 3, 4, 5, 2 ** 53 - 100].flatMap((position) =>
    [true, false].map((priority) => ({
      position: [[{ retain: 1 }, { insert: "xy" }, { delete: 3 }], position],
      priority,
    })),
  ),
  { invert: [[{ retain: 1, attributes: { a: 2, c: 1 } }], [{ insert: "x", attributes: { a: 1, b: 1 } }]] },
];

// The stable order, which quill-delta does not have. [question, result]
const STABLE = [
  [{ compose: [[{ delete: 1 }], [{ insert: "Q" }]] }, [{ insert: "Q" }, { delete: 1 }]],
  [{ compose: [[{ retain: 1 }, { insert: "Q" }], [{ delete: 1 }]] }, [{ delete: 1 }, { insert: "Q" }]],
  [{ compose: [[{ delete: 1 }, { insert: "Q" }], []] }, [{ delete: 1 }, { insert: "Q" }]],
  [{ transform: [[], [{ delete: 1 }, { insert: "Q" }]] }, [{ delete: 1 }, { insert: "Q" }]],
];

export async function differencesCheck(session, tally) {
  for (const [name, question, quill, quillResult, quireResult] of DIFFERENCES) {
    const [operands] = Object.values(question);
    tally.equal(quill(structuredClone(operands)), quillResult, `quill-delta, ${name}`);
    const [answer] = await session.ask([question]);
    tally.equal(answer.result ?? answer.error.code, quireResult, `Quire, ${name}`);
  }
  for (const name of MEMBERS) {
    for (const [question, quill, quillResult, quireResult] of memberQuestions(name)) {
      const [operands] = Object.values(question);
      const about = `an attribute with the name ${name}: ${JSON.stringify(question)}`;
      tally.equal(quill(structuredClone(operands)), quillResult, `quill-delta, ${about}`);
      const [answer] = await session.ask([question]);
      tally.equal(answer.result, quireResult, `Quire, ${about}`);
    }
  }
  for (const question of AGREEMENTS) {
    const [answer] = await session.ask([question]);
    tally.equal(answer.result, expected(question), () => JSON.stringify([question, answer]));
  }
  for (const [question, result] of STABLE) {
    const [answer] = await session.ask([{ ...question, order: "stable" }]);
    tally.equal(answer.result, result, `stable: ${JSON.stringify(question)}`);
  }
}
