export class Emitter<Events extends { [name in keyof Events]: unknown[] }> {
  readonly #listeners: { [K in keyof Events]?: Set<(...args: Events[K]) => void> } = {};

  on<K extends keyof Events>(name: K, listener: (...args: Events[K]) => void): () => void {
    const set = (this.#listeners[name] ??= new Set());
    set.add(listener);
    return () => set.delete(listener);
  }

  emit<K extends keyof Events>(name: K, ...args: Events[K]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) listener(...args);
  }
}
