/*
 * Where what is not saved outlives a page: a small key-value store. In browsers it is IndexedDB.
 */

/**
 * Values are what structured cloning takes: plain objects and Uint8Array. Calls take effect in the
 * order in which they were made, also when they are not waited for.
 */
export interface Storage {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** All keys that begin with `prefix`. */
  keys(prefix: string): Promise<string[]>;
}

const DATABASE = "quire";
const TABLE = "unsaved";

/** The storage of this browser; null where there is none. */
export function browserStorage(): Storage | null {
  return typeof indexedDB === "undefined" ? null : new IndexedStorage(indexedDB);
}

class IndexedStorage implements Storage {
  private database: Promise<IDBDatabase> | null = null;

  constructor(private readonly factory: IDBFactory) {}

  async get(key: string): Promise<unknown> {
    return settled((await this.table("readonly")).get(key));
  }

  async set(key: string, value: unknown): Promise<void> {
    await committed((await this.table("readwrite")).put(value, key));
  }

  async delete(key: string): Promise<void> {
    await committed((await this.table("readwrite")).delete(key));
  }

  async keys(prefix: string): Promise<string[]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return (await settled((await this.table("readonly")).getAllKeys(range))) as string[];
  }

  private async table(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    this.database ??= this.open();
    const database = await this.database;
    return database.transaction(TABLE, mode, { durability: "relaxed" }).objectStore(TABLE);
  }

  private open(): Promise<IDBDatabase> {
    const request = this.factory.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    const opened = settled(request).then((database) => {
      database.onversionchange = () => database.close();
      database.onclose = () => (this.database = null);
      return database;
    });
    opened.catch(() => (this.database = null));
    return opened;
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => resolve(request.result);
  });
}

/** A write counts when its transaction is complete, not when the request is. */
function committed(request: IDBRequest): Promise<void> {
  const transaction = request.transaction as IDBTransaction;
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the storage took nothing"));
    /* Asked for now: a page that goes away would not come to do it later. */
    transaction.commit();
  });
}

/** A storage in memory, for tests and for programs that keep it elsewhere. */
export class MemoryStorage implements Storage {
  private readonly values = new Map<string, unknown>();

  get(key: string): Promise<unknown> {
    return Promise.resolve(this.values.get(key));
  }

  set(key: string, value: unknown): Promise<void> {
    this.values.set(key, value);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.values.delete(key);
    return Promise.resolve();
  }

  keys(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.values.keys()].filter((key) => key.startsWith(prefix)));
  }
}
