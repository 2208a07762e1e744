import type { Connection, Draft, Leftover } from "@quire/client";
import { draftCard } from "./document/notices.js";
import { allDrafts, keepDraft, type KeptDraft } from "./drafts.js";
import { leftoverWords } from "./pure/error-words.js";
import { UNTITLED } from "./pure/names.js";
import { insertedText, type Op } from "./pure/ops.js";
import { documentPath } from "./pure/routes.js";
import { h, nameNode } from "./ui/dom.js";
import { unsavedCard } from "./ui/unsaved-card.js";

/** What its user wrote in earlier pages, or in documents that are not open here, and is not saved: shown above the list of documents. */
export class Unsaved {
  readonly #leftovers = new Set<Leftover>();
  /** Drafts that the browser has no room for. */
  readonly #unkept: { id: string; draft: KeptDraft }[] = [];
  readonly #watchers = new Set<() => void>();

  /** `told`: called when there is more of it. */
  constructor(connection: Connection, told: () => void) {
    connection.on("draft", (draft) => this.#keep(draft) && this.#changed(told));
    connection.on("leftover", (leftover) => {
      this.#leftovers.add(leftover);
      this.#changed(told);
    });
  }

  cards(): HTMLElement[] {
    const drafts = [...allDrafts()].flatMap(([id, kept]) => kept.map((draft) => draftCard(id, draft, true, documentLink(id, draft.title))));
    const unkept = this.#unkept.map(({ id, draft }) => draftCard(id, draft, false, documentLink(id, draft.title)));
    return [...unkept, ...drafts, ...[...this.#leftovers].map((leftover) => this.#leftoverCard(leftover))];
  }

  /** A document is opened, and shows by itself what of it is not saved. */
  opened(id: string): void {
    for (const leftover of this.#leftovers) if (leftover.id === id) this.#leftovers.delete(leftover);
  }

  /** Returns how to stop it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #keep({ id, title, ops, reason }: Draft & { id: string; title: string }): boolean {
    const draft = { text: insertedText(ops as Op[]), reason, title };
    const done = keepDraft(id, draft);
    if (done === "refused") this.#unkept.push({ id, draft });
    return done !== "nothing";
  }

  #leftoverCard(leftover: Leftover): HTMLElement {
    const { id, title, ops, reason } = leftover;
    const words = leftoverWords(reason);
    const discard = async (): Promise<void> => {
      await leftover.discard();
      this.#leftovers.delete(leftover);
    };
    return unsavedCard({ title: words.title, words: words.text, document: documentLink(id, title), text: insertedText(ops as Op[]), discard });
  }

  #changed(told: () => void): void {
    told();
    for (const watcher of this.#watchers) watcher();
  }
}

function documentLink(id: string, title = ""): HTMLElement {
  return h("a", { href: documentPath(id) }, nameNode(title || UNTITLED));
}
