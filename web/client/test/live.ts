/* The server in memory behind real sockets, and what tests wait with. */
import { once } from "node:events";
import { afterEach, beforeEach } from "node:test";
import type { AddressInfo } from "node:net";
import WebSocket, { WebSocketServer } from "ws";
import { Connection, type ConnectionOptions, type Document, type WebSocketConstructor } from "../src/index.js";
import { clientCodec, type ClientMessage } from "../src/wire/messages.js";
import { ModelServer, type Link, type ServerOptions } from "./model-server.js";

const PATIENCE_MS = 60_000;

/** Waits until `holds`; only a failing test waits for the end of the patience. */
export async function until(holds: () => boolean, what = "it"): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export class LiveServer {
  readonly model: ModelServer;
  readonly sockets = new Set<WebSocket>();
  /** Everything clients have sent. */
  readonly heard: ClientMessage[] = [];
  /** Tokens of all HELLOs. */
  tokens: (string | null)[] = [];
  isDeaf = false;
  /** Answers that get lost: the socket is cut in place of sending them. */
  cutsBefore: ((frame: Uint8Array) => boolean) | null = null;
  private readonly server: WebSocketServer;
  private isFlushing = false;

  private constructor(options: Partial<ServerOptions>) {
    this.model = new ModelServer(options);
    this.server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "quire.v1" });
    this.server.on("connection", (socket) => this.accept(socket));
  }

  static async start(options: Partial<ServerOptions> = {}): Promise<LiveServer> {
    const live = new LiveServer(options);
    await once(live.server, "listening");
    return live;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/ws`;
  }

  private accept(socket: WebSocket): void {
    this.sockets.add(socket);
    const link: Link = this.model.connect(
      (frame) => {
        if (this.cutsBefore?.(frame) === true) socket.terminate();
        else if (!this.isDeaf) socket.send(frame);
      },
      (code) => socket.close(code),
    );
    socket.on("message", (data) => {
      const frame = new Uint8Array(data as Buffer);
      if (this.isDeaf) return;
      for (const message of clientCodec.decode(frame)) {
        this.heard.push(message);
        if (message.kind === "hello") this.tokens.push(message.token);
      }
      link.receive(frame);
      this.flushSoon();
    });
    socket.on("close", () => {
      this.sockets.delete(socket);
      link.gone();
      this.flushSoon();
    });
  }

  flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    setImmediate(() => {
      this.isFlushing = false;
      for (const reader of this.model.readers()) reader.link.flush(reader);
    });
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  closeAll(code: number): void {
    for (const socket of this.sockets) socket.close(code);
  }

  connect(options: Partial<ConnectionOptions> = {}): Connection {
    return new Connection({
      url: this.url,
      name: "Ann",
      color: "#2266cc",
      WebSocket: WebSocket as unknown as WebSocketConstructor,
      timing: { retryFirstMs: 5, retryMaxMs: 20 },
      ...options,
    });
  }

  async stop(): Promise<void> {
    this.cutAll();
    this.server.close();
    await once(this.server, "close");
  }
}

/** Types at the end of a text document. */
export function append(document: Document, text: string): void {
  document.submit([{ retain: document.length }, { insert: text }]);
}

/** A server with a text document for each test of a file, and short ways to use it. */
export function serveEach() {
  let server: LiveServer;
  let connections: Connection[] = [];

  beforeEach(async () => {
    server = await LiveServer.start();
    server.model.createRoom("doc", 2);
  });

  afterEach(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    connections = [];
    await server.stop();
  });

  const room = () => server.model.rooms.get("doc")!;
  return {
    get server() {
      return server;
    },
    connect(options: Parameters<LiveServer["connect"]>[0] = {}): Connection {
      const connection = server.connect(options);
      connections.push(connection);
      return connection;
    },
    async openReady(connection: Connection, id = "doc"): Promise<Document> {
      const document = connection.open(id);
      await document.ready;
      return document;
    },
    room,
    serverText: () => room().doc.text(),
  };
}
