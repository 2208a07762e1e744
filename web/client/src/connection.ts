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
  token?: () => string | null | Promise<string | null>;
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

export type ConnectionEvents = {
  status: [status: ConnectionStatus, detail: StatusDetail];
  error: [error: QuireError];
  /** Unsaved text that could not be merged, of an earlier page or of a document that the program has closed. */
  draft: [draft: Draft & { id: string }];
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
  private lastToken: string | null = null;
  private tokenWasNew = false;
  private connectedAt = 0;
  private leastRetryMs = 0;
  private pings = 0;
  private watchdog: ReturnType<typeof setTimeout> | null = null;
  private isPinged = false;
  private isClosed = false;
  private isRecovering: boolean;
  private recovery: ReturnType<typeof setTimeout> | null = null;
  private helper: Connection | null = null;
  /** Documents that are only open until what an earlier page has left is saved. */
  private readonly leftovers = new Set<string>();

  constructor(
    private readonly options: ConnectionOptions,
    /** Only to send what an earlier page has left: its session. */
    recovered: Session | null = null,
  ) {
    super();
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.retry = new Retry(this.timing, () => void this.connect());
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
      finished: (document: Document) => this.finished(document, machine),
      draft: (draft: Draft) => this.emit("draft", { ...draft, id }),
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
    (await this.sessionReady)?.release();
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
    for (const id of await session.documents()) if (!this.byId.has(id)) await this.finishLeftover(id);
    await this.recoverOrphans();
  }

  private async recoverOrphans(): Promise<void> {
    while (await this.recoverOrphan());
    if (this.isClosed) return;
    /* Other pages may end at any time, and one that was reloaded a moment ago may still seem to live. */
    this.recovery = setTimeout(() => void this.recoverOrphans().catch(() => undefined), this.timing.recoverEveryMs);
  }

  /** True when a session of pages that are gone was finished, and there may be another one. */
  private async recoverOrphan(): Promise<boolean> {
    const { storage } = this;
    if (storage === null || this.isClosed) return false;
    const session = await Session.orphan(storage, this.scope);
    if (session === null) return false;
    const helper = new Connection(this.options, session);
    this.helper = helper;
    helper.on("draft", (draft) => this.emit("draft", draft));
    for (const id of await session.documents()) await helper.finishLeftover(id);
    const isFinished = (await session.documents()).length === 0;
    /* Before another page can have it, which would go on with the numbers of a client that is forgotten. */
    if (isFinished) await session.forget();
    await helper.close();
    return isFinished;
  }

  /** Resolves when nothing of the document is unsaved, or nothing can be done about it. */
  private async finishLeftover(id: string): Promise<void> {
    if (this.isClosed) return;
    const document = this.open(id);
    this.leftovers.add(id);
    document.on("draft", (draft) => this.leftovers.has(id) && this.emit("draft", { ...draft, id }));
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (document.saved || document.status === "closed") resolve();
      };
      document.on("saved", check);
      document.on("status", check);
      void document.ready.then(check, check);
    });
    await document.store();
    if (this.leftovers.delete(id)) document.close();
  }

  private store(): void {
    for (const document of this.byMachine.values()) void document.store();
  }

  /* ---- the socket ---- */

  private async connect(): Promise<void> {
    if (this.isClosed || this.socket !== null) return;
    this.setStatus("connecting", {});
    let token: string | null;
    try {
      const session = await this.sessionReady;
      this.machine.identity ??= session?.identity ?? null;
      token = (await this.options.token?.()) ?? null;
    } catch (error) {
      this.emit("error", new QuireError("no_token", `no token to connect with: ${String(error)}`));
      return this.comeBack({});
    }
    if (this.isClosed || this.socket !== null) return;
    this.tokenWasNew = token !== this.lastToken;
    this.lastToken = token;
    this.openSocket(token);
  }

  /** Shows another token over the connection that there is. Without one it ends, and comes back as always. */
  private async renewToken(): Promise<void> {
    const { socket } = this;
    try {
      const token = (await this.options.token?.()) ?? null;
      if (token === null || token === this.lastToken || socket !== this.socket) return;
      this.lastToken = token;
      this.machine.renew(token);
    } catch (error) {
      this.emit("error", new QuireError("no_token", `no token to go on with: ${String(error)}`));
    }
  }

  private openSocket(token: string | null): void {
    const Constructor = this.options.WebSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
    if (Constructor === undefined) throw new QuireError("no_websocket", "there is no WebSocket: give one as an option");
    const socket = new Constructor(this.options.url, PROTOCOL);
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
    this.machine.disconnected();
    const detail = { code, reason };
    const hasOtherToken = code === CLOSE_UNAUTHORIZED && this.options.token !== undefined && this.tokenWasNew;
    if (mayReturn(code) || hasOtherToken) this.comeBack(detail);
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
      expiring: () => void this.renewToken(),
    };
  }

  private welcomed(isNewIdentity: boolean): void {
    this.connectedAt = Date.now();
    /* It was good; when it is refused later it has ended, and there may be another one. */
    this.tokenWasNew = true;
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

  private finished(document: Document, machine: DocumentMachine): void {
    if (this.byId.get(document.id) === document) this.byId.delete(document.id);
    this.machine.remove(machine);
    this.byMachine.delete(machine);
  }
}

function profileOf({ name, color }: Profile): Profile {
  const short = [...name.trim()].slice(0, NAME_MAX).join("");
  return { name: short === "" ? "?" : short, color };
}
