/** What the line beside the title says about the connection and about saving. */
export interface State {
  connection: "connecting" | "connected" | "disconnected" | "stopped";
  document: "loading" | "live" | "offline" | "closed";
  saved: boolean;
  /** Why the server does not take what is unsaved, as things are: an error's code. Null: it is on its way. */
  refusal: string | null;
  /** What is unsaved is also stored on this device, so that it outlives the page. */
  kept: boolean;
  /** Milliseconds until the next attempt to connect, when one is planned. */
  retryMs?: number | undefined;
  /** The browser itself says that there is no network. */
  noNetwork: boolean;
}

export interface StateWords {
  text: string;
  /** A second, longer part that narrow screens leave out. */
  detail: string;
  tone: "calm" | "busy" | "warn" | "bad";
  retry: boolean;
  /** What a screen reader is told; changes only when the situation does, not with every second. */
  spoken: string;
}

const KEPT = "your changes are kept on this device";
const ONLY_HERE = "keep this page open: your last changes are nowhere else yet";

export function stateWords(state: State): StateWords {
  if (state.document === "closed") return words("", "", "calm");
  if (state.connection === "stopped") return { ...words("Disconnected", unsavedPart(state), "bad"), retry: true };
  if (state.connection === "connected") return connectedWords(state);
  return disconnectedWords(state);
}

function connectedWords(state: State): StateWords {
  if (state.document === "loading") return words("Opening…", "", "busy");
  if (state.document === "offline") return words("Catching up…", "", "busy");
  if (state.saved) return words("Saved", "", "calm");
  return state.refusal === null ? words("Saving…", "", "busy") : words("Not saved", refusalPart(state.refusal), "warn");
}

function disconnectedWords(state: State): StateWords {
  const detail = unsavedPart(state);
  if (state.connection === "connecting") {
    return state.document === "loading" ? words("Connecting…", "", "busy") : words("Reconnecting…", detail, "warn");
  }
  const spoken = sentence("Offline", detail);
  if (state.noNetwork || state.retryMs === undefined) {
    return { text: "Offline", detail, tone: "warn", retry: true, spoken };
  }
  const seconds = Math.ceil(state.retryMs / 1000);
  const text = seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…";
  return { text, detail, tone: "warn", retry: seconds > 0, spoken };
}

function unsavedPart(state: State): string {
  if (state.saved) return "";
  return state.kept ? KEPT : ONLY_HERE;
}

function refusalPart(code: string): string {
  if (code === "forbidden") return "you may not change this document any more";
  if (code === "document_full") return "this document is full: remove something, and it is saved";
  return "the server does not take it";
}

function words(text: string, detail: string, tone: StateWords["tone"]): StateWords {
  return { text, detail, tone, retry: false, spoken: sentence(text, detail) };
}

function sentence(text: string, detail: string): string {
  return detail ? `${text}: ${detail}.` : text;
}
