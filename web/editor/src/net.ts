import type { Connection, ConnectionStatus } from "@quire/client";
import { Scope } from "./ui/dom.js";

/** The connection's state as the page shows it, with the time left until the next attempt. */
export class Net {
  status: ConnectionStatus;
  code: number | undefined;
  readonly #connection: Connection;
  readonly #scope = new Scope();
  readonly #watchers = new Set<() => void>();
  #retryAt: number | undefined;
  #ticking = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.status = connection.status;
    connection.on("status", (status, detail) => {
      this.status = status;
      this.code = detail.code;
      this.#retryAt = status === "disconnected" && detail.retryMs !== undefined ? Date.now() + detail.retryMs : undefined;
      this.#tick();
      this.#tell();
    });
    this.#scope.on(window, "online", () => {
      if (this.status === "disconnected") this.#connection.reconnect();
      this.#tell();
    });
    this.#scope.on(window, "offline", () => this.#tell());
  }

  get retryMs(): number | undefined {
    return this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - Date.now());
  }

  get noNetwork(): boolean {
    return !navigator.onLine;
  }

  /** Asked for by the user: also after a stop. */
  retry(): void {
    if (this.status === "disconnected" || this.status === "stopped") this.#connection.reconnect();
    this.#tell();
  }

  /** Calls `watcher` at every change, and each second while one is waited for; returns how to stop it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tick(): void {
    window.clearInterval(this.#ticking);
    if (this.#retryAt !== undefined) this.#ticking = window.setInterval(() => this.#tell(), 1000);
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
