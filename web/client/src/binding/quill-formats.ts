/*
 * What a rich document may hold: the formats by name, and the values that each may have. Quill trusts
 * what it is given, and others may send anything: no heading of level 99, no link that runs, and no
 * colour that is none gets into a page, or from one into a document. The table, formats.json, is the
 * server's, too: it refuses what is not in it.
 */
import table from "../formats.json";

type Check = (value: unknown) => boolean;

/** One kind of value of the table; the server's counterpart is server/schema/rule.c. */
type Rule =
  | true
  | string
  | { readonly from: number; readonly to: number }
  | { readonly word: string; readonly most: number }
  | { readonly text: number }
  | { readonly color: true }
  | { readonly pixels: true }
  | { readonly address: string; readonly relative: boolean; readonly most: number };

const IMAGE = "image";
/** Of one piece of text. */
const KEYS_MAX = table.limits.keys;
/** Attributes of images, which are formats of no name. */
const IMAGE_FORMATS: readonly string[] = ["alt", "height", "width"];

const COLOR = /^(#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([\d .,%]{5,40}\))$/i;
const PIXELS = /^\d{1,5}(px|%)?$/;

const encoder = new TextEncoder();
const isText = (value: unknown, most: number): value is string => typeof value === "string" && value.length <= most && encoder.encode(value).length <= most;

function checkOf(rule: Rule): Check {
  if (rule === true || typeof rule === "string") return (value) => value === rule;
  if ("from" in rule) return (value) => Number.isInteger(value) && Number(value) >= rule.from && Number(value) <= rule.to;
  if ("word" in rule) {
    const pattern = new RegExp(`^[\\w${rule.word.replaceAll(/[^\w ]/g, "\\$&")}]{1,${rule.most}}$`);
    return (value) => typeof value === "string" && pattern.test(value);
  }
  if ("text" in rule) return (value) => isText(value, rule.text);
  if ("color" in rule) return (value) => typeof value === "string" && COLOR.test(value);
  if ("pixels" in rule) return (value) => (typeof value === "number" || typeof value === "string") && PIXELS.test(String(value));
  const schemes = rule.address.split(" ");
  return (value) => {
    if (!isText(value, rule.most)) return false;
    const scheme = schemeOf(value);
    return scheme === null ? rule.relative : schemes.includes(scheme);
  };
}

function checksOf(rules: Record<string, unknown>): Map<string, Check> {
  return new Map(
    Object.entries(rules).map(([name, alternatives]) => {
      const checks = (alternatives as Rule[]).map(checkOf);
      return [name, (value) => checks.some((check) => check(value))];
    }),
  );
}

const FORMATS = checksOf(table.formats);
const EMBEDS = checksOf(table.embeds);

/** The formats of a rich document. Give them to Quill as its option `formats`. */
export const QUILL_FORMATS: readonly string[] = [...[...FORMATS.keys()].filter((name) => !IMAGE_FORMATS.includes(name)), IMAGE];

/** What a program allows of them; of formats that are its own, it has to look at the values itself. */
export class AllowedFormats {
  private readonly checks = new Map<string, Check>();
  private readonly hasImages: boolean;

  constructor(names: readonly string[]) {
    this.hasImages = names.includes(IMAGE);
    for (const name of [...IMAGE_FORMATS, ...names]) {
      if (name !== IMAGE) this.checks.set(name, FORMATS.get(name) ?? (() => true));
    }
  }

  /** null takes a format away. */
  allows(name: string, value: unknown): boolean {
    const check = this.checks.get(name);
    return check !== undefined && (value === null || check(value));
  }

  /** What is allowed of the attributes of one piece of text, and no more of them than there may be. */
  filter<T>(attributes: Readonly<Record<string, T>>): [string, T][] {
    return Object.entries(attributes)
      .filter(([name, value]) => this.allows(name, value))
      .slice(0, KEYS_MAX);
  }

  allowsImage(embed: { readonly [name: string]: unknown }): boolean {
    return this.hasImages && Object.hasOwn(embed, IMAGE) && EMBEDS.get(IMAGE)!(embed[IMAGE]);
  }
}

/**
 * What stands before the colon of an address, or null if there is none. Browsers pass over white space
 * and control characters in some places; here they are passed over in all.
 */
function schemeOf(value: string): string | null {
  const bare = value.replaceAll(/[\u0000-\u0020\u007f]/g, "");
  return /^([^/?#\\:]*):/.exec(bare)?.[1]?.toLowerCase() ?? null;
}
