/*
 * Stands between a document and Quill. Formats that are not allowed pass in neither direction, and
 * embeds that Quill does not know are shown as placeholders, which stand for them when they are moved
 * or copied.
 */
import type Quill from "quill";
import type { Attributes, Component, Embed } from "../ot/op.js";
import { checkValue, isMap } from "../ot/value.js";
import { AllowedFormats } from "./quill-formats.js";

const PLACEHOLDER = "quire-embed";
/* A carriage return has no place in Quill, which would make another length of it. */
const RETURN_SIGN = "\u240d";
/* Half a character, as some programs leave it on the clipboard, can not be sent. */
const LONE_SURROGATES = /[\ud800-\udfff]/gu;
const REPLACEMENT = "\ufffd";

export class QuillGuard {
  private readonly allowed: AllowedFormats;

  constructor(quill: Quill, formats: readonly string[]) {
    this.allowed = new AllowedFormats(formats);
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
      if (typeof op.insert === "string") return [{ insert: op.insert.replace(LONE_SURROGATES, REPLACEMENT), ...attributes }];
      const embed = this.realEmbed(op.insert);
      return embed === null ? [] : [{ insert: embed, ...attributes }];
    });
  }

  private filter(attributes: Attributes | undefined): { attributes?: Attributes } {
    const kept = this.allowed.filter(attributes ?? {});
    return kept.length === 0 ? {} : { attributes: Object.fromEntries(kept) };
  }

  private shownEmbed(embed: Embed): Embed {
    if (this.allowed.allowsImage(embed)) return embed;
    return { [PLACEHOLDER]: JSON.stringify(embed) };
  }

  private realEmbed(embed: Embed): Embed | null {
    if (typeof embed[PLACEHOLDER] === "string") return embedIn(embed[PLACEHOLDER]);
    return this.allowed.allowsImage(embed) ? embed : null;
  }
}

/** What a placeholder stands for; null when it is one that somebody else has made and put on the clipboard. */
function embedIn(text: string): Embed | null {
  try {
    const embed: unknown = JSON.parse(text);
    checkValue(embed);
    return isMap(embed) && Object.keys(embed).length === 1 ? embed : null;
  } catch {
    return null;
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
      node.textContent = `\u25a1 ${Object.keys(embedIn(String(value)) ?? {}).join()}`;
      return node;
    }

    static value(node: HTMLElement): string {
      return node.dataset.embed ?? "{}";
    }
  }
  (quill.scroll as unknown as { registry: { register(blot: unknown): void } }).registry.register(Placeholder);
}
