import { Connection } from "@quire/client";
import type { App, View } from "./app.js";
import { DocumentView } from "./document/document.js";
import { ListView } from "./list/list.js";
import { Net } from "./net.js";
import { askProfile, guestProfile, keepProfile, loadProfile } from "./profile.js";
import { errorWords, isQuiet, stoppedWords } from "./pure/error-words.js";
import { pickColor } from "./pure/palette.js";
import { parseRoute } from "./pure/routes.js";
import { takeLinkFromAddress } from "./share-links.js";
import { askToken, currentToken, currentUser, givenName, takeTokenFromAddress } from "./token.js";
import { openDialog } from "./ui/dialog.js";
import { h } from "./ui/dom.js";
import { applyTheme, currentTheme } from "./ui/theme.js";
import { Toasts } from "./ui/toast.js";
import { Unsaved } from "./unsaved.js";
import { missingPage } from "./views.js";

const UNAUTHORIZED = 4401;
const UNSAVED_ELSEWHERE = "Something you wrote is not saved. You find it above the list of documents.";
const TO_THE_LIST = { label: "Show", href: "/" };

function start(): void {
  applyTheme(currentTheme());
  takeTokenFromAddress();
  const user = currentUser();
  const kept = loadProfile();
  const given = givenName();
  let profile = given ? { name: given.name, color: given.color ?? kept?.color ?? pickColor(), guest: false } : (kept ?? guestProfile());
  let worn = profile.color;
  const wear = (color: string): void => {
    if (color === worn) return;
    worn = color;
    connection.setProfile({ name: profile.name, color });
  };
  const connection = new Connection({
    url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`,
    token: currentToken,
    storageKey: user,
    name: profile.name,
    color: profile.color,
  });
  const toasts = new Toasts();
  const root = document.getElementById("app") as HTMLElement;
  const ask = (first: boolean): void =>
    askProfile({ profile: app.profile(), first, taken: app.taken, hasGivenName: given !== null }, (changed) => {
      profile = { ...changed, color: changed.color === worn ? profile.color : changed.color };
      worn = changed.color;
      keepProfile(profile);
      connection.setProfile({ name: changed.name, color: worn });
    });
  const app: App = {
    connection,
    net: new Net(connection),
    toasts,
    unsaved: new Unsaved(connection, () => location.pathname === "/" || toasts.show(UNSAVED_ELSEWHERE, TO_THE_LIST)),
    profile: () => ({ ...profile, color: worn }),
    wear,
    wearOwn: () => wear(profile.color),
    taken: new Map(),
    editProfile: () => ask(false),
    go: (path) => {
      if (path !== location.pathname) history.pushState(null, "", path);
      route();
    },
  };
  let view: View | undefined;
  let shown = "";
  const route = (): void => {
    shown = location.pathname;
    view?.dispose();
    document.title = "Quire";
    view = viewFor(app);
    root.replaceChildren(view.element);
    window.scrollTo(0, 0);
  };
  document.body.append(toasts.element);
  connection.on("error", (error) => isQuiet(error) || toasts.show(errorWords(error)));
  let wasStopped = false;
  app.net.watch(() => {
    const isStopped = app.net.status === "stopped";
    if (isStopped && !wasStopped) showStopped(app.net.code);
    wasStopped = isStopped;
  });
  /* A fragment with a token is nothing to go to: who frames this page gives it another one so, before the one that it has ends. */
  window.addEventListener("popstate", () => {
    const token = takeTokenFromAddress();
    if (token === "asks") return;
    if (token === "none") return location.pathname === shown && location.hash === "" ? undefined : route();
    if (currentUser() !== user) return location.reload();
    document.querySelector<HTMLDialogElement>("dialog.stopped")?.close();
    if (app.net.status === "stopped") app.net.retry();
  });
  document.addEventListener("click", (event) => followInside(event, app));
  route();
  if (!kept && !given) ask(true);
}

function viewFor(app: App): View {
  const to = parseRoute(location.pathname);
  if (to.page === "list") return new ListView(app);
  if (to.page === "document") return new DocumentView(app, to.id);
  return missingPage();
}

/** Links between our own pages do not load the page anew, unless they are asked to open elsewhere. */
function followInside(event: MouseEvent, app: App): void {
  const link = (event.target as Element).closest("a");
  if (!link || event.defaultPrevented || event.button !== 0 || link.target || link.hasAttribute("download")) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.origin !== location.origin) return;
  event.preventDefault();
  const to = parseRoute(link.pathname);
  if (to.page === "document") takeLinkFromAddress(to.id, link.hash);
  app.go(link.pathname);
}

function showStopped(code: number | undefined): void {
  if (document.querySelector("dialog.stopped")) return;
  const { title, text } = stoppedWords(code, currentToken() !== null);
  if (code === UNAUTHORIZED) {
    askToken(title, text);
    return;
  }
  openDialog({
    title,
    className: "stopped",
    body: [h("p", { class: "soft" }, text)],
    confirm: "Reload",
    cancel: "Stay",
    accept: () => location.reload(),
  });
}

start();
