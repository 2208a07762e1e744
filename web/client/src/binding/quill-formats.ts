/*
 * What a rich document may hold: the formats by name, and the values that each may have. Quill trusts
 * what it is given, and others may send anything: no heading of level 99, no link that runs, and no
 * colour that is none gets into a page, or from one into a document.
 */
type Check = (value: unknown) => boolean;

const TEXT_MAX = 2048;

const yes: Check = (value) => value === true;
const oneOf = (...values: readonly unknown[]): Check => (value) => values.includes(value);
const matching = (pattern: RegExp): Check => (value) => typeof value === "string" && pattern.test(value);
const color = matching(/^(#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([\d\s.,%]{5,40}\))$/i);
const text: Check = (value) => typeof value === "string" && value.length <= TEXT_MAX;
const address = (...protocols: readonly string[]): Check => (value) => typeof value === "string" && protocols.includes(protocolOf(value));
const link = address("http:", "https:", "mailto:", "tel:", "sms:");
const pixels: Check = (value) => (typeof value === "number" || typeof value === "string") && /^\d{1,5}(px|%)?$/.test(String(value));

const FORMATS: Readonly<Record<string, Check>> = {
  align: oneOf("center", "right", "justify"),
  background: color,
  blockquote: yes,
  bold: yes,
  code: yes,
  "code-block": (value) => value === true || (typeof value === "string" && /^[\w+#.-]{1,30}$/.test(value)),
  color,
  direction: oneOf("rtl"),
  font: matching(/^[\w -]{1,40}$/),
  header: oneOf(1, 2, 3, 4, 5, 6),
  indent: oneOf(1, 2, 3, 4, 5, 6, 7, 8),
  italic: yes,
  link: (value) => text(value) && link(value),
  list: oneOf("ordered", "bullet", "checked", "unchecked"),
  script: oneOf("sub", "super"),
  size: matching(/^[\w.%-]{1,20}$/),
  strike: yes,
  underline: yes,
};

const IMAGE = "image";
/** Attributes of images, which are formats of no name. */
const IMAGE_FORMATS: Readonly<Record<string, Check>> = { alt: text, height: pixels, width: pixels };
const isImage = address("http:", "https:", "data:");

/** The formats of a rich document. Give them to Quill as its option `formats`. */
export const QUILL_FORMATS: readonly string[] = [...Object.keys(FORMATS), IMAGE];

/** What a program allows of them; of formats that are its own, it has to look at the values itself. */
export class AllowedFormats {
  private readonly checks = new Map<string, Check>(Object.entries(IMAGE_FORMATS));
  private readonly hasImages: boolean;

  constructor(names: readonly string[]) {
    this.hasImages = names.includes(IMAGE);
    for (const name of names) {
      if (name !== IMAGE) this.checks.set(name, Object.hasOwn(FORMATS, name) ? FORMATS[name] : () => true);
    }
  }

  /** null takes a format away. */
  allows(name: string, value: unknown): boolean {
    const check = this.checks.get(name);
    return check !== undefined && (value === null || check(value));
  }

  allowsImage(embed: { readonly [name: string]: unknown }): boolean {
    return this.hasImages && isImage(embed[IMAGE]);
  }
}

/** As browsers read it: without the spaces and line ends that may hide it. An address of no protocol is one of the page's. */
function protocolOf(value: string): string {
  try {
    return new URL(value, "https://page").protocol;
  } catch {
    return "";
  }
}
