/*
 * What may be in a rich document. The cases are those of the server, too (tests/golden/formats.json, which
 * tests/unit/schema.c reads): the two must not differ.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { AllowedFormats, QUILL_FORMATS } from "../src/binding/quill-formats.js";

interface Entry {
  readonly name: string;
  readonly values: readonly unknown[];
}

const FILE = join(process.env.QUIRE_WEB as string, "..", "tests", "golden", "formats.json");
const cases = JSON.parse(readFileSync(FILE, "utf8")) as {
  good: Entry[];
  bad: Entry[];
  images: { good: unknown[]; bad: unknown[] };
  otherEmbeds: string[];
};

describe("what may be in a rich document", () => {
  const all = new AllowedFormats(QUILL_FORMATS);

  test("a value that is one goes through, and so does the end of a format", () => {
    for (const { name, values } of cases.good) {
      for (const value of [...values, null]) assert.ok(all.allows(name, value), `${name}: ${JSON.stringify(value)}`);
    }
  });

  test("a value that is none does not, nor does a name that is none", () => {
    for (const { name, values } of cases.bad) {
      for (const value of values) assert.ok(!all.allows(name, value), `${name}: ${JSON.stringify(value)}`);
    }
    for (const name of ["block", "constructor", "toString", "__proto__", "image"]) assert.ok(!all.allows(name, null), name);
  });

  test("images have an address on the web, and there are no other embeds", () => {
    for (const image of cases.images.good) assert.ok(all.allowsImage({ image }), String(image));
    for (const image of [...cases.images.bad, undefined]) assert.ok(!all.allowsImage({ image }), String(image));
    for (const name of cases.otherEmbeds) assert.ok(!all.allowsImage({ [name]: "https://a.org" }), name);
    assert.ok(!new AllowedFormats(["bold"]).allowsImage({ image: "https://a.org/b.png" }));
  });

  test("a program can allow less, and formats of its own", () => {
    const some = new AllowedFormats(["bold", "mention"]);
    assert.deepEqual(["bold", "italic", "mention"].map((name) => some.allows(name, true)), [true, false, true]);
    assert.ok(some.allows("mention", { id: 7 }));
  });

  test("of the attributes of one piece only what is allowed is left, and no more than there may be", () => {
    assert.deepEqual(all.filter({ bold: true, bad: 1, italic: null, header: 9 }), [["bold", true], ["italic", null]]);
    const own = Array.from({ length: 20 }, (_, i) => `own${i}`);
    const many = Object.fromEntries(own.map((name) => [name, 1]));
    assert.equal(new AllowedFormats(own).filter(many).length, 16);
  });
});
