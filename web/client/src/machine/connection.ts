/*
 * The protocol of one connection: greeting, requests with their answers, documents on channels. No
 * socket and no timer; a socket's life is told by `connected`, `receive` and `disconnected`.
 */
import { QuireError } from "../error.js";
import type { ClientMessage, ServerMessage, ServerMessageOf } from "../wire/messages.js";
import { DocumentMachine } from "./document.js";

export interface Identity {
  readonly client: number;
  readonly key: Uint8Array;
}

export interface Profile {
  readonly name: string;
  readonly color: string;
}

export interface Limits {
  readonly frame_bytes: number;
  readonly chat_chars: number;
  readonly document_bytes: number;
  readonly channels: number;
}

export interface ConnectionOutput {
  send(message: ClientMessage): void;
  /** The machine of a document has effects to drain. */
  changed(machine: DocumentMachine): void;
  ready(isNewIdentity: boolean): void;
  error(error: QuireError): void;
  going(retryMs: number): void;
  /** The token that was shown by `renew` is not looked at now. */
  notRenewed(): void;
  /** The token ends in so long: another one is wanted. */
  expiring(inMs: number): void;
}

export type Answer = ServerMessageOf<"done" | "documents" | "chats" | "members" | "links" | "linked">;

interface Request {
  readonly message: (ref: number) => ClientMessage;
  /** Needs this document to be open. */
  readonly machine: DocumentMachine | null;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: QuireError) => void;
  /** An error after the request had been sent before, when its answer was lost. */
  readonly forgives: string | null;
  isSentBefore: boolean;
}

const AGENT = "quire-client/0.1";
/* An ERROR for an edit carries its seq as the ref: requests count from where no seq gets to. */
const FIRST_REF = 0x80000000;
/* Until the server has told its own number. */
const CHANNELS = 128;
/* Room for the rest of an EDIT message. */
const EDIT_OVERHEAD_BYTES = 64;

export class ConnectionMachine {
  stage: "offline" | "greeting" | "ready" = "offline";
  epoch: number | null = null;
  limits: Limits | null = null;
  private nextRefNumber = FIRST_REF;
  /** Of the last TOKEN. */
  private renewal = 0;
  private readonly machines = new Map<number, DocumentMachine>();
  /** Those that are opened as soon as the connection is ready. */
  private readonly started = new Set<DocumentMachine>();
  private readonly requests = new Map<number, Request>();

  constructor(
    private readonly output: ConnectionOutput,
    private profile: Profile,
    public identity: Identity | null,
  ) {}

  private readonly nextRef = (): number => this.nextRefNumber++;

  /* ---- the socket ---- */

  connected(token: string | null): void {
    this.stage = "greeting";
    const { client, key } = this.identity ?? { client: null, key: null };
    this.output.send({ kind: "hello", token, ...this.profile, client, key, agent: AGENT });
  }

  /** Shows another token. Not repeated after a break, where HELLO shows one. */
  renew(token: string): void {
    this.renewal = this.nextRef();
    this.output.send({ kind: "token", ref: this.renewal, token });
  }

  disconnected(): void {
    this.stage = "offline";
    for (const request of this.requests.values()) request.isSentBefore = true;
    for (const machine of this.machines.values()) {
      machine.disconnected();
      this.output.changed(machine);
    }
  }

  receive(message: ServerMessage): void {
    switch (message.kind) {
      case "welcome":
        return this.welcomed(message);
      case "pong":
        return;
      case "going":
        return this.output.going(message.retry_ms);
      case "expiring":
        return this.output.expiring(message.in_ms);
      case "done":
      case "documents":
      case "chats":
      case "members":
      case "links":
      case "linked":
        return this.answered(message);
      case "error":
        return this.failed(message);
      default:
        return this.forward(message.ch, message);
    }
  }

  private welcomed(message: ServerMessageOf<"welcome">): void {
    if (this.stage !== "greeting") return;
    const isNew = this.identity?.client !== message.client;
    if (message.epoch !== this.epoch) for (const machine of this.machines.values()) machine.chat.forget();
    this.stage = "ready";
    this.identity = { client: message.client, key: message.key.slice() };
    this.epoch = message.epoch;
    this.limits = message.limits;
    this.output.ready(isNew);
    for (const [ref, request] of this.requests) if (request.machine === null) this.sendRequest(ref, request);
    for (const machine of this.started) {
      if (isNew) machine.forgotten();
      this.openOn(machine);
    }
  }

  private openOn(machine: DocumentMachine): void {
    if (this.limits !== null) {
      machine.editing.editBytesMax = this.limits.frame_bytes - EDIT_OVERHEAD_BYTES;
      machine.editing.documentBytesMax = this.limits.document_bytes;
    }
    machine.open();
    this.output.changed(machine);
  }

  private forward(ch: number, message: ServerMessage): void {
    const machine = this.machines.get(ch);
    if (machine === undefined) return;
    const wasLive = machine.isLive;
    machine.message(message);
    if (!wasLive && machine.isLive) this.sendRequestsOf(machine);
    this.output.changed(machine);
  }

  private failed(message: ServerMessageOf<"error">): void {
    const request = message.ref === null ? undefined : this.requests.get(message.ref);
    if (message.ref !== null && request !== undefined) {
      this.requests.delete(message.ref);
      const { code, text, retry_ms: retryMs, at } = message;
      if (request.isSentBefore && code === request.forgives) {
        request.resolve({ kind: "done", ref: message.ref, value: null });
      } else request.reject(new QuireError(code, text, retryMs, at));
    } else if (message.ch !== null && this.machines.has(message.ch)) this.forward(message.ch, message);
    else this.failedOutsideChannels(message);
  }

  private failedOutsideChannels(message: ServerMessageOf<"error">): void {
    if (message.ref === this.renewal && message.retry_ms !== null) this.output.notRenewed();
    for (const machine of this.machines.values()) {
      if (machine.isOpening(message.ref)) return this.forward(machine.ch, message);
    }
    this.output.error(new QuireError(message.code, message.text, message.retry_ms, message.at));
  }

  /* ---- documents ---- */

  /** A document on a channel of its own; `start` opens it. */
  add(id: string): DocumentMachine {
    let ch = 0;
    while (this.machines.has(ch)) ch++;
    if (this.machines.size >= (this.limits?.channels ?? CHANNELS)) throw new QuireError("channel_limit", "too many open documents");
    const machine = new DocumentMachine(id, ch, this.nextRef);
    this.machines.set(ch, machine);
    return machine;
  }

  /** Opens what was added, now or as soon as the connection is ready. */
  start(machine: DocumentMachine): void {
    this.started.add(machine);
    if (this.stage === "ready") this.openOn(machine);
  }

  remove(machine: DocumentMachine): void {
    machine.close();
    this.output.changed(machine);
    this.machines.delete(machine.ch);
    this.started.delete(machine);
    this.rejectAll((request) => request.machine === machine);
  }

  setProfile(profile: Profile): void {
    this.profile = profile;
    if (this.stage === "ready") this.output.send({ kind: "profile", ...profile });
  }

  /* ---- requests ---- */

  /**
   * Asks, and asks again after a break until there is an answer. `forgives`: the error that means
   * that it was done the first time.
   */
  request(
    message: (ref: number) => ClientMessage,
    { machine = null, forgives = null }: { machine?: DocumentMachine | null; forgives?: string | null } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request: Request = { message, machine, resolve, reject, forgives, isSentBefore: false };
      const ref = this.nextRef();
      this.requests.set(ref, request);
      const canSend = machine === null ? this.stage === "ready" : machine.isLive;
      if (canSend) this.sendRequest(ref, request);
    });
  }

  private sendRequest(ref: number, request: Request): void {
    this.output.send(request.message(ref));
  }

  private sendRequestsOf(machine: DocumentMachine): void {
    for (const [ref, request] of this.requests) if (request.machine === machine) this.sendRequest(ref, request);
  }

  private answered(answer: Answer): void {
    const request = this.requests.get(answer.ref);
    this.requests.delete(answer.ref);
    request?.resolve(answer);
  }

  /** The connection ends for good. */
  stop(): void {
    this.rejectAll(() => true);
  }

  private rejectAll(concerns: (request: Request) => boolean): void {
    for (const [ref, request] of this.requests) {
      if (!concerns(request)) continue;
      this.requests.delete(ref);
      request.reject(new QuireError("closed", "the connection or the document was closed"));
    }
  }
}
