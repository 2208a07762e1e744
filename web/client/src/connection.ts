/*
 * The connection to a server: a socket that is kept alive and comes back, around the protocol
 * machines.
 */
import { Document, type Draft } from "./document.js";
import { Emitter } from "./emitter.js";
import { QuireError } from "./error.js";
import { ConnectionMachine, type ConnectionOutput, type Identity, type Profile } from "./machine/connection.js";
import type { DocumentMachine } from "./machine/document.js";
import { Documents } from "./documents.js";
import { Outbox } from "./outbox.js";
import { Retry, DEFAULT_TIMING, mayReturn, type Timing } from "./retry.js";
import { Session } from "./session.js";
import { browserStorage, type Storage } from "./storage.js";
import { watchPage } from "./page.js";
import { Tokens, type TokenSource } from "./token.js";
import { serverCodec, type ClientMessage, type ServerMessage } from "./wire/messages.js";

export type ConnectionStatus = "connecting" | "connected" | "disconnected" | "stopped";

export interface StatusDetail {
  /** The next attempt comes after so many milliseconds. */
  retryMs?: number;
  /** The close code, and what was said with it. */
  code?: number;
  reason?: string;
}

export interface ConnectionOptions {
  /** Of the WebSocket, such as `wss://quire.example/ws`. */
  url: string;
  /** Called on every connect, and when the token ends soon. */
  token?: TokenSource;
  name: string;
  /** `#rrggbb` */
  color: string;
  /** Where unsaved edits outlive a reload: IndexedDB in browsers, nowhere elsewhere; false: nowhere. */
  storage?: Storage | false;
  /** Keeps apart the unsaved edits of several users of one browser, such as a user id. */
  storageKey?: string;
  /** A constructor, where there is no global one. */
  WebSocket?: WebSocketConstructor;
  /** For tests. */
  timing?: Partial<Timing>;
}

/** What is needed of a WebSocket. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

/** What an earlier page has left unsaved and the server refuses. It stays in the storage, and the next page tries again. */
export interface Leftover extends Draft {
  readonly id: string;
  readonly title: string;
  /** Gives it up for good. */
  discard(): Promise<void>;
}

export type ConnectionEvents = {
  status: [status: ConnectionStatus, detail: StatusDetail];
  error: [error: QuireError];
  /** Unsaved text that could not be merged, of an earlier page or of a document that the program has closed. */
  draft: [draft: Draft & { id: string; title: string }];
  /** Unsaved text of an earlier page that the server does not take as things are. */
  leftover: [leftover: Leftover];
  /**
   * Each message as it was sent or received, tokens and keys included: for debugging and tests. Its bytes
   * are good during the call only.
   */
  message: [direction: "sent" | "received", message: ClientMessage | ServerMessage];
};

const PROTOCOL = "quire.v1";
const CLOSE_NORMAL = 1000;
/* What the client itself closes with on bytes that are no messages. */
const CLOSE_BAD_FRAME = 4400;
const CLOSE_UNAUTHORIZED = 4401;
const CLOSE_OTHER_USER = 4403;
const NAME_MAX = 60;

export class Connection extends Emitter<ConnectionEvents> {
  readonly documents: Documents;
  private currentStatus: ConnectionStatus = "connecting";
  private readonly machine: ConnectionMachine;
  private readonly byId = new Map<string, Document>();
  private readonly byMachine = new Map<DocumentMachine, Document>();
  private readonly outbox: Outbox;
  private readonly retry: Retry;
  private readonly timing: Timing;
  private readonly storage: Storage | null;
  private readonly sessionReady: Promise<Session | null>;
  private readonly stopWatchingPage: () => void;
  private socket: WebSocketLike | null = null;
  private readonly tokens: Tokens;
  private renewal: ReturnType<typeof setTimeout> | null = null;
  private tokenEndsAt = 0;
  /** Counts the attempts: what belongs to an earlier one counts no more. */
  private attempt = 0;
  private connectedAt = 0;
  private leastRetryMs = 0;
  private pings = 0;
  private watchdog: ReturnType<typeof setTimeout> | null = null;
  private isPinged = false;
  private isClosed = false;
  private isRecovering: boolean;
  private recovery: ReturnType<typeof setTimeout> | null = null;
  private helper: Connection | null = null;
  /** Sessions of earlier pages with edits that the server does not take as things are. */
  private readonly kept: Session[] = [];
  /** Documents that are only open until what an earlier page has left is saved. */
  private readonly leftovers = new Set<string>();

  constructor(
    private readonly options: ConnectionOptions,
    /** Only to send what an earlier page has left: its session, which stays with whoever gives it. */
    private readonly recovered: Session | null = null,
  ) {
    super();
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.retry = new Retry(this.timing, () => void this.connect());
    this.tokens = new Tokens(options.token, this.timing);
    this.outbox = new Outbox((frame) => this.write(frame));
    this.machine = new ConnectionMachine(this.output(), profileOf(options), null);
    this.documents = new Documents(this.machine);
    this.storage = options.storage === false ? null : (options.storage ?? browserStorage());
    this.sessionReady = recovered === null ? this.openSession() : Promise.resolve(recovered);
    this.isRecovering = recovered !== null;
    this.stopWatchingPage = watchPage({
      awake: () => this.awake(),
      offline: () => this.ping(),
      leaving: () => this.store(),
    });
    void this.connect();
  }

  /* ---- for programs ---- */

  get status(): ConnectionStatus {
    return this.currentStatus;
  }

  /** The document; the same object while it is open. `link`: the secret of a share link, which may give a role. */
  open(id: string, { link = null }: { link?: string | null } = {}): Document {
    /* The program has it now, if it was only open to be finished. */
    this.leftovers.delete(id);
    const known = this.byId.get(id);
    if (known !== undefined && known.reopen()) return known;
    if (this.currentStatus === "stopped") throw new QuireError("closed", "the connection was closed");
    const machine = this.machine.add(id);
    machine.link = link;
    const host = {
      machine: this.machine,
      enqueue: (message: ClientMessage) => this.send(message),
      finished: (document: Document) => this.finished(document),
      draft: (draft: Draft) => this.emit("draft", { ...draft, id, title: machine.title }),
    };
    const document = new Document(host, machine, this.sessionReady);
    this.byId.set(id, document);
    this.byMachine.set(machine, document);
    return document;
  }

  setProfile(profile: Profile): void {
    this.machine.setProfile(profileOf(profile));
  }

  /** Now, without waiting for the time of the next attempt; also after a stop. */
  reconnect(): void {
    this.helper?.reconnect();
    if (this.isClosed || this.socket !== null) return;
    this.retry.cancel();
    this.retry.reset();
    void this.connect();
  }

  /** Ends it for good. What is unsaved is kept in the storage; resolves when it is. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.retry.cancel();
    if (this.recovery !== null) clearTimeout(this.recovery);
    this.stopWatchingPage();
    this.drop(CLOSE_NORMAL);
    this.machine.stop();
    this.setStatus("stopped", {});
    await this.helper?.close();
    await Promise.all([...this.byMachine.values()].map((document) => document.end()));
    if (this.recovered === null) (await this.sessionReady)?.release();
    for (const session of this.kept) session.release();
  }

  /* ---- the session ---- */

  private get scope(): string {
    return [this.options.url, this.options.storageKey ?? ""].join(" ").replaceAll("|", "%7C");
  }

  private async openSession(): Promise<Session | null> {
    const { storage } = this;
    if (storage === null) return null;
    try {
      return await Session.open(storage, this.scope);
    } catch {
      /* None in this browser, or none allowed: edits do not outlive the page. */
      return null;
    }
  }

  /** Sends what earlier pages have left unsaved: first what came with the own session, then the rest, under its own numbers. */
  private async recover(): Promise<void> {
    const session = await this.sessionReady;
    if (session === null) return;
    for (const id of await session.documents()) if (!this.byId.has(id)) await this.finishLeftover(session, id);
    await this.recoverOrphans();
  }

  private async recoverOrphans(): Promise<void> {
    while (await this.recoverOrphan());
    if (this.isClosed) return;
    /* Other pages may end at any time, and one that was reloaded a moment ago may still seem to live. */
    this.recovery = setTimeout(() => void this.recoverOrphans().catch(() => undefined), this.timing.recoverEveryMs);
  }

  /** True when there was a session of pages that are gone, and there may be another one. */
  private async recoverOrphan(): Promise<boolean> {
    const { storage } = this;
    if (storage === null || this.isClosed) return false;
    const session = await Session.orphan(storage, this.scope);
    if (session === null) return false;
    const helper = new Connection(this.options, session);
    this.helper = helper;
    helper.on("draft", (draft) => this.emit("draft", draft));
    helper.on("leftover", (leftover) => this.emit("leftover", leftover));
    for (const id of await session.documents()) await helper.finishLeftover(session, id);
    const isFinished = (await session.documents()).length === 0;
    /* Before another page can have it, which would go on with the numbers of a client that is forgotten. */
    if (isFinished) await session.forget();
    /* What the server does not take now stays with this page, so that no other one tells of it too. */
    else this.kept.push(session);
    await helper.close();
    if (this.isClosed) session.release();
    return true;
  }

  /** Resolves when nothing of the document is unsaved, or nothing can be done about it now. */
  private async finishLeftover(session: Session, id: string): Promise<void> {
    if (this.isClosed) return;
    let document: Document;
    try {
      document = this.open(id);
    } catch {
      /* The program has opened as many as there may be; another page will come to it. */
      return;
    }
    this.leftovers.add(id);
    document.on("draft", (draft) => this.leftovers.has(id) && this.emit("draft", { ...draft, id, title: document.title }));
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (document.saved || document.status === "closed" || document.refusal !== null) resolve();
      };
      for (const event of ["saved", "status", "role", "error"] as const) document.on(event, check);
      void document.ready.then(check, check);
    });
    await document.store();
    if (!this.leftovers.delete(id)) return;
    if (document.saved || document.status === "closed") document.close();
    else await this.setAside(session, document);
  }

  /** The server does not take it as things are: it stays in the storage, its user is told, and the rest goes on. */
  private async setAside(session: Session, document: Document): Promise<void> {
    const { id, title, refusal } = document;
    const ops = document.unsaved();
    await document.end();
    this.finished(document);
    const discard = async (): Promise<void> => {
      const open = this.byId.get(id);
      if (open === undefined) await session.remove(id);
      else if (open.refusal !== null) open.discard();
    };
    this.emit("leftover", { id, title, ops, reason: refusal ?? "closed", discard });
  }

  private store(): void {
    for (const document of this.byMachine.values()) void document.store();
  }

  /* ---- the socket ---- */

  private async connect(): Promise<void> {
    if (this.isClosed || this.socket !== null) return;
    const attempt = ++this.attempt;
    const isLate = (): boolean => this.isClosed || this.socket !== null || attempt !== this.attempt;
    this.setStatus("connecting", {});
    let token: string | null;
    try {
      const session = await this.sessionReady;
      this.machine.identity ??= session?.identity ?? null;
      token = await this.tokens.ask();
    } catch (error) {
      if (isLate()) return;
      this.emit("error", error as QuireError);
      return this.comeBack({ reason: "there is no token" });
    }
    if (isLate()) return;
    if (this.tokens.isOfAnother(token)) return this.endForAnother();
    if (this.tokens.wasRefused(token)) return this.setStatus("stopped", { code: CLOSE_UNAUTHORIZED, reason: "token() gave what was refused" });
    this.tokens.show(token);
    this.openSocket(token);
  }

  /** Shows another token over the connection that there is. Without one it ends, and comes back as always. */
  private async renewToken(): Promise<void> {
    const { socket } = this;
    let token: string | null = null;
    try {
      token = await this.tokens.ask();
    } catch (error) {
      if (socket === this.socket) this.emit("error", error as QuireError);
    }
    if (socket === null || socket !== this.socket) return;
    if (this.tokens.isOfAnother(token)) return this.endForAnother();
    if (token === null || this.tokens.isShown(token)) return this.renewLater();
    this.tokens.show(token);
    this.machine.renew(token);
  }

  private expiring(inMs: number): void {
    this.tokenEndsAt = Date.now() + inMs;
    const rest = this.tokens.restBefore(inMs);
    if (rest > 0) this.renewAfter(rest);
    else void this.renewToken();
  }

  /** Nothing new was to be had: again after half of the time that is left, and so on. */
  private renewLater(): void {
    const rest = (this.tokenEndsAt - Date.now()) / 2;
    if (rest >= this.timing.tokenAgainMs) this.renewAfter(rest);
  }

  private renewAfter(ms: number): void {
    this.stopRenewal();
    this.renewal = setTimeout(() => void this.renewToken(), ms);
  }

  private stopRenewal(): void {
    if (this.renewal !== null) clearTimeout(this.renewal);
    this.renewal = null;
  }

  /** What is unsaved is of the one who wrote it: it is not sent in the name of another one. */
  private endForAnother(): void {
    this.drop(CLOSE_NORMAL);
    this.emit("error", new QuireError("other_user", "token() gave a token of another user: they need a connection of their own"));
    this.setStatus("stopped", { code: CLOSE_OTHER_USER, reason: "token() gave a token of another user" });
  }

  private openSocket(token: string | null): void {
    const Constructor = this.options.WebSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
    let socket: WebSocketLike;
    try {
      if (Constructor === undefined) throw new Error("there is none: give one as an option");
      socket = new Constructor(this.options.url, PROTOCOL);
    } catch (error) {
      /* No address of one, or one that this page may not use: trying again would not help. */
      this.emit("error", new QuireError("no_websocket", `no WebSocket to ${this.options.url}: ${String(error)}`));
      return this.setStatus("stopped", { reason: "there is no WebSocket" });
    }
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket === this.socket) this.machine.connected(token);
    };
    socket.onmessage = (event: { data: unknown }) => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = (event: { code: number; reason: string }) => {
      if (socket === this.socket) this.disconnected(event.code, event.reason);
    };
    /* Always followed by a close. */
    socket.onerror = () => undefined;
    this.watch(this.timing.connectWithinMs);
  }

  private send(message: ClientMessage): void {
    if (this.socket === null) return;
    this.emit("message", "sent", message);
    this.outbox.add(message);
  }

  private write(frame: Uint8Array<ArrayBuffer>): void {
    try {
      this.socket?.send(frame);
    } catch {
      /* It is closing: its close event follows, and then everything is sent again. */
    }
  }

  private receive(data: unknown): void {
    this.isPinged = false;
    if (this.machine.stage === "ready") this.watch(this.timing.pingAfterMs);
    try {
      if (!(data instanceof ArrayBuffer)) throw new QuireError("bad_frame", "a frame that is not binary");
      for (const message of serverCodec.decode(new Uint8Array(data))) {
        this.emit("message", "received", message);
        this.machine.receive(message);
        if (this.socket === null) return;
      }
    } catch (error) {
      this.emit("error", new QuireError("bad_frame", `not understood: ${String(error)}`));
      this.drop(CLOSE_BAD_FRAME);
      this.comeBack({});
    }
  }

  /** Lets go of the socket without waiting for its close. */
  private drop(code: number): void {
    const { socket } = this;
    this.unwatch();
    this.stopRenewal();
    if (socket === null) return;
    this.socket = null;
    this.outbox.clear();
    try {
      socket.close(code);
    } catch {
      /* Not open yet; there is nothing to end. */
    }
    this.machine.disconnected();
  }

  private disconnected(code: number, reason: string): void {
    this.socket = null;
    this.outbox.clear();
    this.unwatch();
    this.stopRenewal();
    this.machine.disconnected();
    const detail = { code, reason };
    if (code === CLOSE_UNAUTHORIZED) this.tokens.refuse();
    if (mayReturn(code) || (code === CLOSE_UNAUTHORIZED && this.tokens.canAsk)) this.comeBack(detail);
    else this.setStatus("stopped", detail);
  }

  private comeBack(detail: StatusDetail): void {
    if (this.isClosed) return;
    if (this.connectedAt > 0 && Date.now() - this.connectedAt >= this.timing.goodAfterMs) this.retry.reset();
    this.connectedAt = 0;
    const retryMs = this.retry.plan(this.leastRetryMs);
    this.leastRetryMs = 0;
    this.setStatus("disconnected", { ...detail, retryMs });
  }

  private setStatus(status: ConnectionStatus, detail: StatusDetail): void {
    if (status === this.currentStatus && status !== "disconnected") return;
    this.currentStatus = status;
    this.emit("status", status, detail);
  }

  /* ---- is anybody there? ---- */

  private watch(ms: number): void {
    this.unwatch();
    this.watchdog = setTimeout(() => this.silence(), ms);
  }

  private unwatch(): void {
    if (this.watchdog !== null) clearTimeout(this.watchdog);
    this.watchdog = null;
  }

  private silence(): void {
    if (this.machine.stage === "ready" && !this.isPinged) return this.ping();
    this.drop(CLOSE_NORMAL);
    this.comeBack({ reason: "nothing was heard" });
  }

  private ping(): void {
    if (this.machine.stage !== "ready" || this.isPinged) return;
    this.isPinged = true;
    this.send({ kind: "ping", n: ++this.pings });
    this.watch(this.timing.pongWithinMs);
  }

  private awake(): void {
    if (this.retry.isWaiting) this.reconnect();
    else this.ping();
  }

  /* ---- what the machine wants ---- */

  private output(): ConnectionOutput {
    return {
      send: (message) => this.send(message),
      changed: (machine) => this.byMachine.get(machine)?.drain(),
      ready: (isNewIdentity) => this.welcomed(isNewIdentity),
      error: (error) => this.emit("error", error),
      going: (retryMs) => void (this.leastRetryMs = retryMs),
      expiring: (inMs) => this.expiring(inMs),
      notRenewed: () => {
        this.tokens.hide();
        this.renewLater();
      },
    };
  }

  private welcomed(isNewIdentity: boolean): void {
    this.connectedAt = Date.now();
    this.tokens.taken();
    this.watch(this.timing.pingAfterMs);
    if (isNewIdentity) void this.keepIdentity(this.machine.identity);
    this.setStatus("connected", {});
    if (this.isRecovering) return;
    this.isRecovering = true;
    this.recover().catch(() => undefined);
  }

  private async keepIdentity(identity: Identity | null): Promise<void> {
    const session = await this.sessionReady;
    if (session === null || identity === null) return;
    await session.setIdentity(identity).catch(() => undefined);
  }

  private finished(document: Document): void {
    if (this.byId.get(document.id) === document) this.byId.delete(document.id);
    for (const [machine, other] of this.byMachine) {
      if (other !== document) continue;
      this.machine.remove(machine);
      this.byMachine.delete(machine);
    }
  }
}

function profileOf({ name, color }: Profile): Profile {
  const short = [...name.trim()].slice(0, NAME_MAX).join("");
  return { name: short === "" ? "?" : short, color };
}
