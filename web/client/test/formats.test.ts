import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AllowedFormats, QUILL_FORMATS } from "../src/binding/quill-formats.js";

describe("what may be in a rich document", () => {
  const all = new AllowedFormats(QUILL_FORMATS);

  const good: Record<string, unknown[]> = {
    align: ["center", "right", "justify"],
    alt: ["a dog"],
    background: ["#fff0a8", "#FFF", "red", "rgb(1, 2, 3)", "rgba(0, 0, 0, 0.5)"],
    bold: [true],
    "code-block": [true, "plain", "c++"],
    font: ["serif", "Comic Sans"],
    header: [1, 6],
    height: ["20", "20px", 20, "50%"],
    indent: [1, 8],
    link: ["https://a.org", "mailto:a@b.org", "tel:+49123", "/here", "#there", "a.html"],
    list: ["ordered", "bullet", "checked", "unchecked"],
    script: ["sub", "super"],
    size: ["small", "18px"],
  };
  const bad: Record<string, unknown[]> = {
    align: ["x", "left", true, {}, ""],
    alt: [7, "x".repeat(3000)],
    background: ["url(//x)", "red;x", 7, ""],
    block: [true],
    bold: ["yes", false, 1, {}],
    "code-block": [{}, "a b", '"><img>'],
    constructor: [true],
    cursor: [true],
    font: ["a;b", {}],
    header: [99, 0, "1", -1, {}, 1.5],
    image: ["x"],
    indent: ["+1", 9, 0],
    link: [
      "javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "JaVaScRiPt:x", "\u0001javascript:x", "data:text/html,x",
      "vbscript:x", "about:blank", "file:///etc/passwd", "http://[", {}, true, `https://a.org/${"x".repeat(3000)}`,
    ],
    list: ["x", {}, true],
    "list-container": [true],
    scroll: [1],
    script: ["x", {}],
    text: [true],
    toString: [true],
    width: [[5], {}, "9999999", "1em;x"],
    __proto__x: [1],
  };

  test("a value that is one goes through, and so does the end of a format", () => {
    for (const [name, values] of Object.entries(good)) {
      for (const value of [...values, null]) assert.ok(all.allows(name, value), `${name}: ${JSON.stringify(value)}`);
    }
  });

  test("a value that is none does not, nor does a name that is none", () => {
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) assert.ok(!all.allows(name, value), `${name}: ${JSON.stringify(value)}`);
    }
    for (const name of ["block", "constructor", "toString", "__proto__", "image"]) assert.ok(!all.allows(name, null), name);
  });

  test("images have an address", () => {
    for (const image of ["https://a.org/b.png", "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "/b.png"]) assert.ok(all.allowsImage({ image }), image);
    for (const image of ["javascript:alert(1)", 7, {}, null, undefined, "http://["]) assert.ok(!all.allowsImage({ image }), String(image));
    assert.ok(!new AllowedFormats(["bold"]).allowsImage({ image: "/b.png" }));
  });

  test("a program can allow less, and formats of its own", () => {
    const some = new AllowedFormats(["bold", "mention"]);
    assert.deepEqual(["bold", "italic", "mention"].map((name) => some.allows(name, true)), [true, false, true]);
    assert.ok(some.allows("mention", { id: 7 }));
  });
});
