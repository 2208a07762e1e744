import { userOf } from "@quire/client";
import { isColor } from "./pure/palette.js";
import { nameProblem, tidyLine } from "./pure/names.js";
import { openDialog, field } from "./ui/dialog.js";
import { h, nameNode } from "./ui/dom.js";
import { recall, remember } from "./ui/store.js";

/** Of this page: in the frame of another site a browser may remember nothing. */
const page: { token: string | null } = { token: null };

/**
 * A link of the form `…#token=…` carries its reader's access token; it is kept, and taken out of the address. Not at once when
 * this browser has the access of another user: anybody can send such a link, to have others write in their name.
 */
export function takeTokenFromAddress(): "none" | "taken" | "asks" {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return "none";
  history.replaceState(history.state, "", location.pathname + location.search);
  const { sub, name } = userOf(token);
  const known = currentUser();
  const isFramed = window.parent !== window;
  if (isFramed || known === "" || sub === null || sub === known) {
    keepToken(token);
    return "taken";
  }
  askOther(name ?? sub, () => keepToken(token));
  return "asks";
}

function keepToken(token: string): void {
  page.token = token;
  remember("token", token);
}

function askOther(name: string, accept: () => void): void {
  const me = userOf(currentToken());
  openDialog({
    title: "Go on as somebody else?",
    className: "other-user",
    body: [
      h("p", {}, "The link that you have opened carries the access of ", nameNode(name, "quoted"), ". All that you write from then on is written in their name."),
    ],
    confirm: "Go on as them",
    cancel: `Stay ${me.name ?? me.sub ?? "who I am"}`,
    accept: () => {
      accept();
      location.reload();
    },
  });
}

export function currentToken(): string | null {
  const token = recall("token");
  return typeof token === "string" && token !== "" ? token : page.token;
}

/** Keeps apart what several users of this browser have unsaved. */
export function currentUser(): string {
  return userOf(currentToken()).sub ?? "";
}

/** The name and the colour that the token gives its user, whatever they choose; null: it gives none. */
export function givenName(): { name: string; color: string | null } | null {
  const { name, color } = userOf(currentToken());
  if (name === null || nameProblem(name)) return null;
  return { name: tidyLine(name), color: color !== null && isColor(color) ? color : null };
}

export function askToken(title: string, text: string): void {
  const input = h("input", { class: "input", name: "token", autocomplete: "off", autocapitalize: "off", spellcheck: "false", autofocus: true });
  openDialog({
    title,
    className: "stopped",
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
