import { openDialog, field } from "./ui/dialog.js";
import { h } from "./ui/dom.js";
import { recall, remember } from "./ui/store.js";

/** A link of the form `…#token=…` carries its reader's access token; it is kept, and taken out of the address. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  remember("token", token);
  history.replaceState(history.state, "", location.pathname + location.search);
}

export function currentToken(): string | null {
  const token = recall("token");
  return typeof token === "string" && token !== "" ? token : null;
}

export function askToken(title: string, text: string): void {
  const input = h("input", { class: "input", name: "token", autocomplete: "off", spellcheck: "false", autofocus: true });
  openDialog({
    title,
    body: [h("p", { class: "soft" }, text), field("Access token", input)],
    confirm: "Continue",
    cancel: null,
    accept: () => {
      const token = input.value.trim();
      if (!token) return "Please enter the token.";
      remember("token", token);
      location.reload();
      return undefined;
    },
  });
}

