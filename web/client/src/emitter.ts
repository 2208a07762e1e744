type Listener<A extends unknown[]> = (...args: A) => void;

/** Events with typed arguments. `on` returns the function that ends it. */
export class Emitter<Events extends { [name: string]: unknown[] }> {
  private listeners: { [K in keyof Events]?: Set<Listener<Events[K]>> } = {};

  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    const set = (this.listeners[name] ??= new Set());
    set.add(listener);
    return () => void set.delete(listener);
  }

  protected emit<K extends keyof Events>(name: K, ...args: Events[K]): void {
    const set = this.listeners[name];
    if (set === undefined) return;
    for (const listener of [...set]) {
      try {
        listener(...args);
      } catch (error) {
        /* One listener's mistake must not stop the others, nor the protocol; but it must be seen. */
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  protected removeListeners(): void {
    this.listeners = {};
  }
}
