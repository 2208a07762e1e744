// Every malformed input, with the code and the place that answers it.

const LINE_MAX_BYTES = 64 * 2 ** 20;

// Components that are refused. [what it is, component as JSON, code]
const COMPONENTS = [
  ["a retain of zero", '{"retain":0}', "bad_length"],
  ["a delete of zero", '{"delete":0}', "bad_length"],
  ["an insert of no text", '{"insert":""}', "bad_length"],
  ["a negative retain", '{"retain":-1}', "bad_length"],
  ["a negative delete", '{"delete":-1}', "bad_length"],
  ["a fractional retain", '{"retain":1.5}', "bad_length"],
  ["a fractional delete", '{"delete":0.5}', "bad_length"],
  ["a retain of 2^31", '{"retain":2147483648}', "bad_length"],
  ["a delete of 2^31", '{"delete":2147483648}', "bad_length"],
  ["a retain of 2^53", '{"retain":9007199254740992}', "bad_length"],
  ["a retain past 64 bits", '{"retain":99999999999999999999}', "bad_length"],
  ["a huge retain", '{"retain":1e300}', "bad_length"],
  ["a retain of text", '{"retain":"1"}', "bad_length"],
  ["a retain of null", '{"retain":null}', "bad_length"],
  ["a retain of true", '{"retain":true}', "bad_length"],
  ["a retain of an array", '{"retain":[1]}', "bad_length"],
  ["a delete of an object", '{"delete":{"a":1}}', "bad_length"],
  ["an insert and a delete", '{"insert":"Q","delete":2}', "bad_component"],
  ["a retain and a delete", '{"retain":1,"delete":2}', "bad_component"],
  ["all three", '{"insert":"Q","retain":1,"delete":2}', "bad_component"],
  ["an empty component", "{}", "bad_component"],
  ["attributes alone", '{"attributes":{"b":1}}', "bad_component"],
  ["a member of unknown name", '{"insert":"Q","insrt":"Q"}', "bad_component"],
  ["text as a component", '"Q"', "bad_component"],
  ["a number as a component", "5", "bad_component"],
  ["null as a component", "null", "bad_component"],
  ["an array as a component", '["insert","Q"]', "bad_component"],
  ["a number as an insert", '{"insert":5}', "bad_insert"],
  ["true as an insert", '{"insert":true}', "bad_insert"],
  ["null as an insert", '{"insert":null}', "bad_insert"],
  ["an array as an insert", '{"insert":["Q"]}', "bad_insert"],
  ["an embed without a type", '{"insert":{}}', "bad_insert"],
  ["an embed of two types", '{"insert":{"a":1,"b":2}}', "bad_insert"],
  ["a change inside an embed", '{"retain":{"counter":3}}', "embed_change"],
  ["one with attributes", '{"retain":{"counter":3},"attributes":{"b":1}}', "embed_change"],
  ["attributes on a delete", '{"delete":1,"attributes":{"b":1}}', "bad_attributes"],
  ["empty attributes on a delete", '{"delete":1,"attributes":{}}', "bad_attributes"],
  ["attributes that are text", '{"insert":"Q","attributes":"b"}', "bad_attributes"],
  ["attributes that are an array", '{"insert":"Q","attributes":["b"]}', "bad_attributes"],
  ["attributes that are null", '{"retain":1,"attributes":null}', "bad_attributes"],
  ["attributes that are a number", '{"retain":1,"attributes":1}', "bad_attributes"],
  ["__proto__ as an attribute", '{"insert":"Q","attributes":{"__proto__":1}}', "bad_key"],
  ["__proto__ in a patch", '{"retain":1,"attributes":{"__proto__":null}}', "bad_key"],
  ["__proto__ inside an attribute", '{"retain":1,"attributes":{"a":[{"__proto__":1}]}}', "bad_key"],
  ["__proto__ as an embed", '{"insert":{"__proto__":1}}', "bad_key"],
  ["__proto__ inside an embed", '{"insert":{"a":{"__proto__":1}}}', "bad_key"],
  ["NUL in an attribute", '{"insert":"Q","attributes":{"a":"\\u0000"}}', "bad_value"],
  ["NUL in an embed", '{"insert":{"image":"a\\u0000"}}', "bad_value"],
  ["attributes nested too deeply", `{"retain":1,"attributes":${nested(9)}}`, "too_deep"],
  [
    "arrays nested too deeply",
    `{"retain":1,"attributes":{"a":${"[".repeat(8)}${"]".repeat(8)}}}`,
    "too_deep",
  ],
  ["an embed nested too deeply", `{"insert":${nested(9)}}`, "too_deep"],
];

function nested(levels) {
  return '{"a":'.repeat(levels) + "1" + "}".repeat(levels);
}

// Each refused component, at the front of the first operand, further on in the second, and in a document.
function componentLines() {
  const position = (name, code, reason) => ({ code, reason, name });
  return COMPONENTS.flatMap(([what, json, code]) => [
    { ...position(what, code, "first operand"), at: 0, line: `{"compose":[[${json}],[]]}` },
    {
      ...position(`${what}, third`, code, "second operand"),
      at: 2,
      line: `{"transform":[[],[{"insert":"a"},{"delete":1},${json}]]}`,
    },
    {
      ...position(`${what}, in a document`, code, "first operand"),
      at: 1,
      line: `{"apply":[[{"insert":"a"},${json}],[]]}`,
    },
  ]);
}

// [what it is, line, code, at]
const LINES = [
  ["no JSON", "retain", "bad_json", 6],
  ["a line that ends early", '{"compose":[[],[', "bad_json", 16],
  ["a trailing comma", '{"compose":[[],[],]}', "bad_json", 19],
  ["bytes after the end", '{"compose":[[],[]]} x', "bad_json", 21],
  ["NaN", '{"check":[[{"retain":NaN}]]}', "bad_json", 24],
  ["Infinity", '{"check":[[{"retain":Infinity}]]}', "bad_json", 29],
  ["a number past all doubles", '{"check":[[{"retain":1e999}]]}', "bad_number", 26],
  ["a bad escape", '{"check":[[{"insert":"\\x41"}]]}', "bad_json", 24],
  ["a control character in text", '{"check":[[{"insert":"\u0001"}]]}', "bad_json", 22],
  ["a key twice", '{"check":[[{"insert":"a","insert":"b"}]]}', "duplicate_key", 33],
  ["an attribute twice", '{"check":[[{"retain":1,"attributes":{"b":1,"b":2}}]]}', "duplicate_key", 46],
  ["a question twice", '{"check":[[]],"check":[[]]}', "duplicate_key", 21],
  ["NUL in a key", '{"check":[[{"insert\\u0000":"a"}]]}', "bad_key", 26],
  ["nesting without end", '{"check":' + "[".repeat(5000), "too_deep", 2057],
  ["a high surrogate alone", '{"check":[[{"insert":"a\\ud83d"}]]}', "unpaired_surrogate", 23],
  ["a low surrogate alone", '{"check":[[{"insert":"\\uDE00a"}]]}', "unpaired_surrogate", 22],
  ["halves the wrong way round", '{"check":[[{"insert":"\\ude00\\ud83d"}]]}', "unpaired_surrogate", 22],
  ["two high surrogates", '{"check":[[{"insert":"\\ud83d\\ud83d\\ude00"}]]}', "unpaired_surrogate", 22],
  ["a half after a pair", '{"check":[[{"insert":"\\ud83d\\ude00\\ude00"}]]}', "unpaired_surrogate", 34],
  ["a half after a backslash", '{"check":[[{"insert":"\\\\\\ud83d"}]]}', "unpaired_surrogate", 24],
  ["a half in a key", '{"check":[[{"insert":"a","attributes":{"\\udfff":1}}]]}', "unpaired_surrogate", 40],
  [
    "a half in an attribute",
    '{"check":[[{"insert":"a","attributes":{"b":"\\udfff"}}]]}',
    "unpaired_surrogate",
    44,
  ],
  ["a half after bad JSON", '{"check":[[x],"\\udfff"]}', "bad_json", 12],
  ["bad UTF-8", Buffer.from('{"check":[[{"insert":"a\xff"}]]}', "latin1"), "bad_utf8", 23],
  ["a surrogate as UTF-8", Buffer.from('{"check":[[{"insert":"\xed\xa0\xbd"}]]}', "latin1"), "bad_utf8", 22],
  ["overlong UTF-8", Buffer.from('{"check":[[{"insert":"\xc0\x80"}]]}', "latin1"), "bad_utf8", 22],
  ["a number as a line", "5", "bad_json", 1],
  ["an array as a line", "[]", "bad_request", 0],
  ["no question", "{}", "bad_request", 0],
  ["no question, but an option", '{"order":"stable"}', "bad_request", 0],
  ["an unknown question", '{"rebase":[[],[]]}', "bad_request", 0],
  ["two questions", '{"check":[[]],"encode":[[]]}', "bad_request", 0],
  ["an unknown option", '{"check":[[]],"side":"left"}', "bad_request", 0],
  ["an unknown order", '{"check":[[]],"order":"random"}', "bad_request", 0],
  ["an order that is no text", '{"check":[[]],"order":1}', "bad_request", 0],
  ["a priority that is no boolean", '{"transform":[[],[]],"priority":1}', "bad_request", 0],
  ["a priority where there is none", '{"compose":[[],[]],"priority":true}', "bad_request", 0],
  ["too few operands", '{"compose":[[]]}', "bad_request", 0],
  ["too many operands", '{"compose":[[],[],[]]}', "bad_request", 0],
  ["operands that are no array", '{"compose":{"ops":[]}}', "bad_request", 0],
  ["an operation that is an object", '{"compose":[{"ops":[]},[]]}', "not_a_list", 0],
  ["an operation that is text", '{"compose":[[],"Q"]}', "not_a_list", 0],
  ["an operation that is null", '{"compose":[[],null]}', "not_a_list", 0],
  ["a retain in a document", '{"apply":[[{"insert":"a"},{"retain":1}],[]]}', "not_a_document", 1],
  ["a delete in a document", '{"invert":[[],[{"insert":"a"},{"delete":1}]]}', "not_a_document", 1],
  ["a retain in a hashed document", '{"hash":[[{"retain":1}]]}', "not_a_document", 0],
  ["a delete past the end", '{"apply":[[{"insert":"ab"}],[{"retain":1},{"delete":2}]]}', "out_of_range", 2],
  ["a retain past the end", '{"apply":[[{"insert":"ab"}],[{"retain":5},{"insert":"x"}]]}', "out_of_range", 2],
  ["an inverse past the end", '{"invert":[[{"delete":5}],[{"insert":"ab"}]]}', "out_of_range", 2],
  [
    "deletes that add up to too much",
    '{"check":[[{"delete":2147483647},{"insert":"a"},{"delete":1}]]}',
    "bad_length",
    2,
  ],
  [
    "retains that add up to too much",
    '{"check":[[{"retain":1},{"retain":2147483647},{"insert":"a"}]]}',
    "bad_length",
    1,
  ],
  [
    "a composition that cuts a pair",
    '{"compose":[[{"insert":"a😀"}],[{"retain":2},{"insert":"x"}]]}',
    "split_surrogate",
    0,
  ],
  [
    "an insert into a pair",
    '{"apply":[[{"insert":"a😀"}],[{"retain":2},{"insert":"x"}]]}',
    "split_surrogate",
    2,
  ],
  [
    "a delete of half a pair",
    '{"apply":[[{"insert":"a😀"}],[{"retain":1},{"delete":1}]]}',
    "split_surrogate",
    2,
  ],
  [
    "a format of half a pair",
    '{"apply":[[{"insert":"😀"}],[{"retain":1,"attributes":{"b":1}}]]}',
    "split_surrogate",
    1,
  ],
  ["an inverse that cuts a pair", '{"invert":[[{"delete":1}],[{"insert":"😀"}]]}', "split_surrogate", 1],
  ["a negative position", '{"position":[[],-1]}', "bad_position", 0],
  ["a fractional position", '{"position":[[],0.5]}', "bad_position", 0],
  ["a position of text", '{"position":[[],"1"]}', "bad_position", 0],
  ["a position past 2^53", '{"position":[[],9007199254740992]}', "bad_position", 0],
  ["an odd number of digits", '{"decode":"0"}', "bad_hex", 1],
  ["no hexadecimal digits", '{"decode":"00 0"}', "bad_hex", 2],
  ["bytes as an array", '{"decode":[0]}', "bad_hex", 0],
  ["no bytes", '{"decode":""}', "truncated", 0],
  ["bytes after an operation", '{"decode":"0000"}', "trailing_bytes", 1],
  ["bytes of no canonical operation", '{"decode":"0208"}', "not_canonical", 1],
];

function plainLines() {
  return LINES.map(([name, line, code, at]) => ({ name, line, code, at, reason: "" }));
}

async function longLines(session, tally) {
  const question = '{"check":[[]]}';
  const pad = (bytes) => Buffer.alloc(bytes - question.length, " ");
  const pieces = [
    pad(LINE_MAX_BYTES),
    question + "\n",
    pad(LINE_MAX_BYTES + 1),
    question + "\n",
    pad(3 * LINE_MAX_BYTES),
    question + "\n",
    question + "\n",
  ];
  const answers = await session.exchange(pieces, 4);
  const codes = answers.map(({ error }) => error && [error.code, error.at]);
  const tooLong = ["line_too_long", LINE_MAX_BYTES];
  tally.equal(codes, [undefined, tooLong, tooLong, undefined], "lines of the greatest length and longer");
}

// Checks that each is refused as it should be, and that the session goes on.
export async function badInputsCheck(session, tally) {
  for (const { name, line, code, at, reason } of [...componentLines(), ...plainLines()]) {
    const [answer, next] = await session.exchange([line, '\n{"check":[[]]}\n'], 2);
    tally.equal(
      [answer.error?.code, answer.error?.at],
      [code, at],
      () => `${name}: ${line} ${JSON.stringify(answer)}`,
    );
    tally.check(answer.error?.reason.includes(reason), () => `${name}: the reason: ${answer.error?.reason}`);
    tally.equal(next.result?.components, 0, `${name}: the line after`);
  }
  await longLines(session, tally);
}
