/*
 * A pretended client, with the server and the other people in the page itself: for looking at the editor without a server, and
 * for tests of the page. `?people=5&say=1&offline=1&type=text` in the address say what to pretend; `window.quire` changes it later.
 */
import type Quill from "quill/core";
import { Delta } from "quill/core";
import { QuillGuard } from "../../../client/src/binding/quill-guard.js";
export { QUILL_FORMATS } from "../../../client/src/binding/quill-formats.js";
import type { Component } from "../../../client/src/ot/op.js";
import { Emitter } from "./emitter.js";
import { AUTHORS, CHAT, LIST, RICH, TEXT, type FakeInfo } from "./fixtures.js";

export type ConnectionStatus = "connecting" | "connected" | "disconnected" | "stopped";
export type DocumentStatus = "loading" | "live" | "offline" | "closed";
export type DocumentInfo = FakeInfo;

export interface Member {
  member: number;
  name: string;
  color: string;
  anchor: number | null;
  head: number | null;
  typing: boolean;
  data: string | null;
  self: boolean;
}

export interface ChatMessage {
  number: number;
  name: string;
  color: string;
  at: Date;
  text: string;
  own: boolean;
}

export function userOf(token: string | null): { sub: string | null; name: string | null; color: string | null } {
  if (token?.startsWith("other")) return { sub: "o", name: "<b>Otto", color: null };
  return token?.startsWith("named") ? { sub: "n", name: "Nora", color: "#123456" } : { sub: null, name: null, color: null };
}

export class QuireError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

type Ops = Delta["ops"];
type FakeDraft = { id: string; title: string; ops: Ops; reason: string };
type FakeLeftover = FakeDraft & { discard: () => Promise<void> };
const flags = new URLSearchParams(location.search);
const people = Number(flags.get("people") ?? 2);
const later = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

export class Connection extends Emitter<{ status: [ConnectionStatus, { retryMs?: number; code?: number }]; error: [QuireError]; draft: [FakeDraft]; leftover: [FakeLeftover] }> {
  status: ConnectionStatus = "connecting";
  name: string;
  color: string;
  readonly open_ = new Map<string, Document>();
  #list: DocumentInfo[] = flags.has("empty") ? [] : LIST;

  constructor(options: { url: string; token?: () => string | null; name: string; color: string }) {
    super();
    this.name = options.name;
    this.color = options.color;
    setTimeout(() => this.set(flags.has("offline") ? "disconnected" : "connected", { retryMs: 4000 }), 30);
    Object.assign(window, { quire: this });
  }

  set(status: ConnectionStatus, detail: { retryMs?: number; code?: number } = {}): void {
    this.status = status;
    this.emit("status", status, detail);
    for (const doc of this.open_.values()) doc.set(status === "connected" ? "live" : "offline");
  }

  setProfile({ name, color }: { name: string; color: string }): void {
    Object.assign(this, { name, color });
    for (const doc of this.open_.values()) doc.arrange();
  }

  reconnect(): void {
    this.set("connecting");
    setTimeout(() => this.set("connected"), 300);
  }

  readonly documents = {
    list: async ({ limit, after }: { limit: number; after?: DocumentInfo }) => {
      await later();
      const start = after ? this.#list.findIndex(({ id }) => id === after.id) + 1 : 0;
      return { documents: this.#list.slice(start, start + limit), more: this.#list.length > start + limit };
    },
    create: async ({ type, title }: { type: "rich" | "text"; title: string }) => {
      const id = Math.random().toString(36).slice(2, 12);
      this.#list = [{ id, type, title, created: new Date(), updated: new Date(), people: 0 }, ...this.#list];
      return id;
    },
    rename: async (id: string, title: string) => {
      this.#list = this.#list.map((info) => (info.id === id ? { ...info, title } : info));
      this.open_.get(id)?.rename(title);
    },
    remove: async (id: string) => {
      this.#list = this.#list.filter((info) => info.id !== id);
      this.open_.get(id)?.set("closed", { code: "deleted" });
    },
  };

  /** The links that were shown, by document. */
  readonly shown = new Map<string, string | null>();

  open(id: string, { link = null }: { link?: string | null } = {}): Document {
    this.shown.set(id, link);
    const info = this.#list.find((each) => each.id === id);
    const doc = new Document(this, id, info);
    this.open_.set(id, doc);
    return doc;
  }
}

interface DocumentEvents {
  change: [Ops, { source: "local" | "remote" }];
  reset: [{ ops: Ops }];
  saved: [boolean];
  status: [DocumentStatus, { code?: string }];
  draft: [{ ops: Ops; reason: string }];
  members: [];
  error: [QuireError];
  role: [string];
  chat: [ChatMessage];
  chats: [ChatMessage[]];
  title: [string];
}

export class Document extends Emitter<DocumentEvents> {
  readonly ready: Promise<void>;
  readonly type: "rich" | "text";
  readonly members = new Map<number, Member>();
  title: string;
  role = flags.get("role") ?? "owner";
  status: DocumentStatus = "loading";
  saved = true;
  stored = true;
  version = 1;
  member = 1;
  get people(): number {
    return this.members.size;
  }
  delta: Delta;
  readonly #connection: Connection;

  readonly sharing = {
    people: new Map([["ann", "owner"], ["bob", "viewer"]]),
    made: [] as { number: number; role: string; label: string; created: Date; expires: Date | null }[],
    members: async () => [...this.sharing.people].map(([sub, role]) => ({ sub, role, since: new Date() })),
    setMember: async (sub: string, role: string | null) => {
      if (sub === "nobody") throw new QuireError("share_limit");
      if (role === null) this.sharing.people.delete(sub);
      else this.sharing.people.set(sub, role);
    },
    links: async () => this.sharing.made,
    createLink: async ({ role, label = "", expires = null }: { role: string; label?: string; expires?: Date | null }) => {
      const number = this.sharing.made.length + 1;
      this.sharing.made.push({ number, role, label, created: new Date(), expires });
      return { number, secret: `secret-${number}` };
    },
    revokeLink: async (number: number) => {
      this.sharing.made = this.sharing.made.filter((link) => link.number !== number);
    },
  };

  readonly chat = {
    messages: [] as ChatMessage[],
    send: async (text: string): Promise<number> => {
      await later();
      if (this.status !== "live") throw new QuireError("disconnected");
      return this.say(this.#connection.name, this.#connection.color, text, true);
    },
    older: async (): Promise<boolean> => {
      await later();
      const first = this.chat.messages[0]?.number ?? 1;
      const older = Array.from({ length: Math.min(20, first - 1) }, (_, i) => {
        const [name, color] = AUTHORS[i % 3] as (typeof AUTHORS)[number];
        const number = first - Math.min(20, first - 1) + i;
        return { number, name, color, at: new Date(Date.now() - 3 * 86_400_000 + number * 60_000), text: `Earlier message ${number}`, own: false };
      });
      this.chat.messages.unshift(...older);
      return (this.chat.messages[0]?.number ?? 1) > 1;
    },
  };

  constructor(connection: Connection, readonly id: string, info: DocumentInfo | undefined) {
    super();
    this.#connection = connection;
    this.type = info?.type ?? "rich";
    this.title = info?.title ?? "";
    this.delta = this.type === "text" ? new Delta().insert(TEXT) : new Delta(RICH);
    if (info?.people === 0) this.delta = new Delta();
    if (!flags.has("quiet")) this.chat.messages = CHAT.map((message) => ({ ...message }));
    this.arrange();
    this.ready = later().then(() => {
      if (!info) throw new QuireError("not_found");
      this.set(connection.status === "connected" ? "live" : "offline");
    });
    if (flags.has("typing")) setTimeout(() => this.typing([2, 3]), 100);
  }

  arrange(): void {
    const { name, color } = this.#connection;
    const own = this.members.get(1);
    this.members.set(1, { anchor: null, head: null, typing: false, data: null, ...own, member: 1, name, color, self: true });
    const length = this.delta.length();
    for (let i = 0; i < people - 1; i++) {
      const [name, color, at, span] = AUTHORS[i % AUTHORS.length] as [string, string, number, number];
      const head = Math.min(length, Math.round(at * length));
      this.members.set(2 + i, { member: 2 + i, name: i < AUTHORS.length ? name : `${name} ${i}`, color, anchor: head - Math.min(head, span), head, typing: false, data: null, self: false });
    }
    this.emit("members");
  }

  typing(members: number[]): void {
    for (const member of this.members.values()) member.typing = members.includes(member.member);
    this.emit("members");
  }

  set(status: DocumentStatus, detail: { code?: string } = {}): void {
    this.status = status;
    this.emit("status", status, detail);
    if (status === "live") this.#settle();
  }

  rename(title: string): void {
    this.title = title;
    this.emit("title", title);
  }

  say(name: string, color: string, text: string, own = false): number {
    const number = (this.chat.messages[this.chat.messages.length - 1]?.number ?? 0) + 1;
    const message = { number, name, color, at: new Date(), text, own };
    this.chat.messages.push(message);
    this.emit("chat", message);
    return number;
  }

  contents(): Delta {
    return this.delta;
  }

  text(): string {
    return this.delta.ops.map(({ insert }) => (typeof insert === "string" ? insert : "")).join("");
  }

  submit(ops: Ops): void {
    this.delta = this.delta.compose(new Delta(ops));
    this.saved = false;
    this.emit("saved", false);
    this.emit("change", ops, { source: "local" });
    if (this.status === "live") setTimeout(() => this.#settle(), 120);
  }

  remote(ops: Ops): void {
    this.delta = this.delta.compose(new Delta(ops));
    this.emit("change", ops, { source: "remote" });
  }

  unsaved(): Ops {
    return this.saved ? [] : [{ insert: "unsaved" }];
  }

  discard(): void {
    this.#settle();
  }

  changeRole(role: string): void {
    this.role = role;
    this.emit("role", role);
  }

  setCursor(anchor: number | null, head = anchor): void {
    Object.assign(this.members.get(1) as Member, { anchor, head });
  }

  setTyping(typing: boolean): void {
    (this.members.get(1) as Member).typing = typing;
  }

  close(): void {
    this.#connection.open_.delete(this.id);
  }

  #settle(): void {
    this.saved = true;
    this.emit("saved", true);
  }
}

export interface UndoState {
  canUndo: boolean;
  canRedo: boolean;
}

interface QuillOptions {
  cursors: boolean;
  formats: string[];
  undo: { changed: (state: UndoState) => void };
}

export function bindQuill(doc: Document, quill: Quill, { formats, undo }: QuillOptions) {
  const guard = new QuillGuard(quill, formats);
  const shown = (ops: Ops): Delta => new Delta(guard.toEditor(ops as Component[]) as Ops);
  quill.setContents(shown(doc.contents().ops), "silent");
  const changed = (delta: Delta, _old: Delta, source: string): void => {
    if (source === "user") doc.submit(guard.fromEditor(delta.ops as Component[]) as Ops);
    const { stack } = quill.history;
    undo.changed({ canUndo: stack.undo.length > 0, canRedo: stack.redo.length > 0 });
  };
  quill.on("text-change", changed);
  const off = doc.on("change", (ops, { source }) => {
    if (source === "remote") quill.updateContents(shown(ops), "api");
  });
  const destroy = (): void => {
    off();
    quill.off("text-change", changed);
  };
  return { undo: () => quill.history.undo(), redo: () => quill.history.redo(), destroy };
}

export function bindTextarea(doc: Document, textarea: HTMLTextAreaElement) {
  textarea.value = doc.text();
  const changed = (): void => doc.submit(new Delta(doc.delta).diff(new Delta().insert(textarea.value)).ops);
  textarea.addEventListener("input", changed);
  return { undo: () => document.execCommand("undo"), redo: () => document.execCommand("redo"), destroy: () => undefined };
}
