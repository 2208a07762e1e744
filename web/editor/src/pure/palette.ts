/**
 * Colours that stand for people. Each carries white text at 4.5:1 and is seen at 3:1 on the light and on the dark sheet,
 * so one colour serves everybody whatever theme they read in.
 */
export type Swatch = { name: string; value: string };

export const PALETTE: readonly Swatch[] = [
  { name: "Red", value: "#cf3546" },
  { name: "Orange", value: "#b55507" },
  { name: "Ochre", value: "#8e6b08" },
  { name: "Green", value: "#20812d" },
  { name: "Teal", value: "#097f6f" },
  { name: "Blue", value: "#0c73c3" },
  { name: "Indigo", value: "#645fe0" },
  { name: "Violet", value: "#9150ce" },
  { name: "Pink", value: "#c33887" },
  { name: "Slate", value: "#637281" },
];

/** Colours of text; stored as they are, shown lighter on a dark sheet (see text.css). */
export const TEXT_COLORS: readonly Swatch[] = [
  { name: "Red", value: "#c02b3b" },
  { name: "Orange", value: "#a84e00" },
  { name: "Green", value: "#1b7627" },
  { name: "Teal", value: "#00746a" },
  { name: "Blue", value: "#0a68b4" },
  { name: "Violet", value: "#8444c4" },
  { name: "Grey", value: "#646b73" },
];

/** Colours behind text; stored as they are, shown darker on a dark sheet. */
export const MARK_COLORS: readonly Swatch[] = [
  { name: "Yellow", value: "#fff0a8" },
  { name: "Green", value: "#d3f2cf" },
  { name: "Blue", value: "#d4e8ff" },
  { name: "Pink", value: "#ffdbe8" },
  { name: "Violet", value: "#e9defc" },
];

const HEX = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i;

export function isColor(text: string): boolean {
  return HEX.test(text);
}

function luminance(color: string): number {
  const match = HEX.exec(color);
  if (!match) return 0;
  const [r, g, b] = match.slice(1).map((digits) => {
    const part = parseInt(digits, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever reads better on a colour somebody else has chosen. */
export function textOn(color: string): "#000000" | "#ffffff" {
  return contrast(color, "#ffffff") >= contrast(color, "#000000") || contrast(color, "#ffffff") >= 4.5
    ? "#ffffff"
    : "#000000";
}

/** Somebody in a document, by the order of their coming. */
export interface Wearer {
  member: number;
  name: string;
  color: string;
  self: boolean;
}

/**
 * The colour that oneself should have among these people. Whoever came first keeps theirs; of those who came later each takes the
 * next one in the palette that nobody has. Somebody of one's own name is oneself in another window.
 */
export function ownColor(people: readonly Wearer[]): string | null {
  const self = people.find((each) => each.self);
  if (!self) return null;
  const others = people.filter(({ name }) => name !== self.name);
  if (!others.some(({ member, color }) => member < self.member && color === self.color)) return self.color;
  const taken = new Set(others.map(({ color }) => color));
  const elsewhere = people.filter(({ name }) => name === self.name).map(({ color }) => color);
  const values = PALETTE.map(({ value }) => value);
  const next = values.indexOf(self.color) + 1;
  const free = [...elsewhere, ...values.slice(next), ...values.slice(0, next)].find((color) => !taken.has(color));
  return free ?? self.color;
}

export function pickColor(random: () => number = Math.random): string {
  const index = Math.min(PALETTE.length - 1, Math.floor(random() * PALETTE.length));
  return (PALETTE[index] as Swatch).value;
}
