/** Small helpers for building the page. Text always becomes a text node, never markup. */
export type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | null | undefined | EventListener;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

/** Somebody's name as isolated text: right-to-left names do not turn the words around them. */
export function nameNode(name: string, className = ""): HTMLElement {
  return h("bdi", { class: className || null }, name);
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Things to undo when a view goes away: listeners, timers, subscriptions. */
export class Scope {
  readonly #undo: (() => void)[] = [];

  add(undo: () => void): void {
    this.#undo.push(undo);
  }

  on<T extends EventTarget>(target: T, type: string, listener: (event: never) => void, options?: AddEventListenerOptions): void {
    target.addEventListener(type, listener as EventListener, options);
    this.add(() => target.removeEventListener(type, listener as EventListener, options));
  }

  every(ms: number, run: () => void): void {
    const timer = window.setInterval(run, ms);
    this.add(() => window.clearInterval(timer));
  }

  dispose(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

/** A function that runs once, `ms` after the last of a series of calls, or is called off. */
export function debounce(ms: number, run: () => void): { (): void; cancel(): void } {
  let timer = 0;
  const later = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(run, ms);
  };
  later.cancel = (): void => window.clearTimeout(timer);
  return later;
}

export const isMac = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** True when the platform's command key (and no Alt) is held. */
export function commandKey(event: KeyboardEvent): boolean {
  return (isMac ? event.metaKey : event.ctrlKey) && !event.altKey;
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

/** Pages served without TLS have no clipboard object. */
function copyByHand(text: string): boolean {
  const area = h("textarea", { class: "off-screen", readonly: true });
  area.value = text;
  const focused = document.activeElement;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

export function downloadText(text: string, name: string): void {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
