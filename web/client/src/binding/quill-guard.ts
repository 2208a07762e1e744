/*
 * What others put into a document may be anything; Quill trusts what it is given. Formats that are
 * not allowed are left out of what it is shown, and embeds it does not know are shown as placeholders,
 * which stand for them when they are moved or copied.
 */
import type Quill from "quill";
import type { Attributes, Component, Embed } from "../ot/op.js";

/** The formats of a rich document. Give them to Quill as its option `formats`. */
export const QUILL_FORMATS: readonly string[] = [
  "align",
  "background",
  "blockquote",
  "bold",
  "code",
  "code-block",
  "color",
  "direction",
  "font",
  "header",
  "image",
  "indent",
  "italic",
  "link",
  "list",
  "script",
  "size",
  "strike",
  "underline",
];
/* Attributes of images, which are formats of no name. */
const IMAGE_ATTRIBUTES: readonly string[] = ["alt", "height", "width"];
const PLACEHOLDER = "quire-embed";
const IMAGE = "image";
/* A carriage return has no place in Quill, which would make another length of it. */
const RETURN_SIGN = "\u240d";

export class QuillGuard {
  private readonly allowed: ReadonlySet<string>;

  constructor(quill: Quill, formats: readonly string[]) {
    this.allowed = new Set([...formats, ...IMAGE_ATTRIBUTES]);
    registerPlaceholder(quill);
  }

  /** What the editor may be shown. Lengths stay as they are. */
  toEditor(ops: readonly Component[]): Component[] {
    return ops.map((op) => {
      if ("delete" in op) return op;
      const attributes = this.filter(op.attributes);
      if ("retain" in op) return { retain: op.retain, ...attributes };
      return { insert: typeof op.insert === "string" ? shownText(op.insert) : this.shownEmbed(op.insert), ...attributes };
    });
  }

  /** What the user's edit is in the document; embeds that may not be there are left out. */
  fromEditor(ops: readonly Component[]): Component[] {
    return ops.flatMap((op): Component[] => {
      if ("delete" in op) return [op];
      const attributes = this.filter(op.attributes);
      if ("retain" in op) return [{ retain: op.retain, ...attributes }];
      if (typeof op.insert === "string") return [{ insert: op.insert, ...attributes }];
      const embed = this.realEmbed(op.insert);
      return embed === null ? [] : [{ insert: embed, ...attributes }];
    });
  }

  private filter(attributes: Attributes | undefined): { attributes?: Attributes } {
    const kept = Object.entries(attributes ?? {}).filter(([name]) => this.allowed.has(name));
    return kept.length === 0 ? {} : { attributes: Object.fromEntries(kept) };
  }

  private shownEmbed(embed: Embed): Embed {
    if (typeof embed[IMAGE] === "string" && this.allowed.has(IMAGE)) return embed;
    return { [PLACEHOLDER]: JSON.stringify(embed) };
  }

  private realEmbed(embed: Embed): Embed | null {
    if (typeof embed[PLACEHOLDER] === "string") return JSON.parse(embed[PLACEHOLDER]) as Embed;
    return typeof embed[IMAGE] === "string" && this.allowed.has(IMAGE) ? embed : null;
  }
}

function shownText(text: string): string {
  return text.includes("\r") ? text.replaceAll("\r", RETURN_SIGN) : text;
}

interface EmbedBlot {
  new (...args: never[]): object;
  create(value: unknown): HTMLElement;
}

function registerPlaceholder(quill: Quill): void {
  if (quill.scroll.query(PLACEHOLDER) !== null) return;
  const Embed = (quill.constructor as typeof Quill).import("blots/embed") as EmbedBlot;
  class Placeholder extends Embed {
    static readonly blotName = PLACEHOLDER;
    static readonly tagName = "span";
    static readonly className = "quire-embed";

    static override create(value: unknown): HTMLElement {
      const node = super.create(value);
      node.dataset.embed = String(value);
      node.textContent = `\u25a1 ${Object.keys(JSON.parse(String(value)) as object).join()}`;
      return node;
    }

    static value(node: HTMLElement): string {
      return node.dataset.embed ?? "{}";
    }
  }
  (quill.scroll as unknown as { registry: { register(blot: unknown): void } }).registry.register(Placeholder);
}
