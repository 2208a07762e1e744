import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { contrast, isColor, MARK_COLORS, ownColor, PALETTE, pickColor, TEXT_COLORS, textOn, type Wearer } from "../src/pure/palette.js";

const TEXT = 4.5;
const SHAPE = 3;
const source = readFileSync(join(String(process.env["QUIRE_WEB"]), "editor/src/styles/tokens.css"), "utf8");
const tokens = new Map(
  [...source.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [name, { light, dark }]),
);

function token(name: string, theme: "light" | "dark"): string {
  const color = tokens.get(name)?.[theme];
  assert.ok(color, `no colour --${name}`);
  return color;
}

function assertContrast(a: string, b: string, least: number, what: string): void {
  const ratio = contrast(a, b);
  assert.ok(ratio >= least, `${what}: ${a} on ${b} is ${ratio.toFixed(2)}, not ${least}`);
}

test("contrast is that of WCAG", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.equal(contrast("#777777", "#777777"), 1);
  assert.equal(contrast("#ffffff", "#767676").toFixed(2), "4.54");
});

test("the colours of people carry white text, and are seen on both sheets", () => {
  assert.equal(new Set(PALETTE.map(({ value }) => value)).size, PALETTE.length);
  for (const { name, value } of PALETTE) {
    assert.equal(textOn(value), "#ffffff", name);
    assertContrast("#ffffff", value, TEXT, name);
    assertContrast(value, token("sheet", "light"), SHAPE, `${name}, light`);
    assertContrast(value, token("sheet", "dark"), SHAPE, `${name}, dark`);
  }
});

test("a colour that somebody else has chosen carries text that can be read", () => {
  for (const value of ["#000000", "#ffffff", "#ffff00", "#0000ff", "#808080", "#ff0000", "#00ff00"]) {
    assertContrast(textOn(value), value, TEXT, value);
  }
});

test("the colours of text can be read on the light sheet, and text on the colours behind it", () => {
  for (const { name, value } of TEXT_COLORS) assertContrast(value, token("sheet", "light"), TEXT, name);
  for (const { name, value } of MARK_COLORS) {
    assertContrast(token("ink", "light"), value, 7, name);
    for (const text of TEXT_COLORS) assertContrast(text.value, value, SHAPE, `${text.name} on ${name}`);
  }
});

for (const theme of ["light", "dark"] as const) {
  test(`all text of the ${theme} page has a contrast of 4.5 or more`, () => {
    const pairs: [string, string[]][] = [
      ["ink", ["paper", "sheet", "raised", "hover", "accent-tint", "warn-tint", "code-fill"]],
      ["ink-soft", ["paper", "sheet", "raised", "hover", "warn-tint"]],
      ["accent", ["paper", "sheet", "raised", "hover", "accent-tint"]],
      ["danger", ["paper", "sheet", "raised", "hover"]],
      ["warn", ["paper", "sheet"]],
      ["on-accent", ["accent", "accent-hover"]],
      ["on-danger", ["danger-fill"]],
    ];
    for (const [text, grounds] of pairs) {
      for (const ground of grounds) assertContrast(token(text, theme), token(ground, theme), TEXT, `${text} on ${ground}`);
    }
  });

  test(`the edges of fields and the focus ring of the ${theme} page have a contrast of 3 or more`, () => {
    for (const ground of ["paper", "sheet", "raised"]) {
      assertContrast(token("line-strong", theme), token(ground, theme), SHAPE, `line-strong on ${ground}`);
      assertContrast(token("focus", theme), token(ground, theme), SHAPE, `focus on ${ground}`);
    }
  });
}

test("a colour is picked from the whole palette and nowhere else", () => {
  assert.equal(pickColor(() => 0), PALETTE[0]?.value);
  assert.equal(pickColor(() => 0.999999), PALETTE.at(-1)?.value);
  assert.equal(pickColor(() => 1), PALETTE.at(-1)?.value);
});

test("only six digits are a colour", () => {
  for (const good of ["#abcdef", "#ABCDEF", "#012345"]) assert.ok(isColor(good));
  for (const bad of ["", "red", "#abc", "#abcdefg", "#12345g", "url(x)", "#abcdef;"]) assert.ok(!isColor(bad));
});

const colors = PALETTE.map(({ value }) => value) as [string, string, string, ...string[]];
const person = (member: number, color: string, self = false, name = `P${member}`): Wearer => ({ member, name, color, self });

test("who comes to a colour that somebody has takes the next one that nobody has", () => {
  const [red, orange, ochre] = colors;
  assert.equal(ownColor([person(1, red), person(2, red, true)]), orange);
  assert.equal(ownColor([person(1, red), person(3, orange), person(2, red, true)]), ochre);
  assert.equal(ownColor([person(1, colors.at(-1) as string), person(2, colors.at(-1) as string, true)]), red);
});

test("who was there first keeps theirs, and so does who is alone with it", () => {
  const [red, orange] = colors;
  assert.equal(ownColor([person(1, red, true), person(2, red)]), red);
  assert.equal(ownColor([person(1, orange), person(2, red, true)]), red);
  assert.equal(ownColor([person(1, "#123456"), person(2, "#123456", true)]), red);
  assert.equal(ownColor([person(1, red)]), null);
});

test("somebody's two windows have one colour", () => {
  const [red, orange, ochre] = colors;
  assert.equal(ownColor([person(1, red, false, "Ann"), person(2, red, true, "Ann")]), red);
  assert.equal(ownColor([person(1, red), person(2, ochre, false, "Ann"), person(3, red, true, "Ann")]), ochre);
  assert.equal(ownColor([person(1, red), person(2, orange, false, "Ann"), person(3, red, true, "Ann"), person(4, orange)]), ochre);
});

test("when all colours are taken, one's own stays", () => {
  const others = colors.map((color, i) => person(i + 1, color));
  assert.equal(ownColor([...others, person(20, colors[0], true)]), colors[0]);
});

test("people who come all at once end with a colour each", () => {
  let people = colors.map((_, i) => person(i + 1, colors[0]));
  for (let round = 0; round < colors.length; round++) {
    people = people.map((self) => ({ ...self, color: ownColor(people.map((each) => ({ ...each, self: each === self }))) as string }));
  }
  assert.equal(new Set(people.map(({ color }) => color)).size, colors.length);
});
