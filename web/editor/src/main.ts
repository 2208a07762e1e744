import { Connection } from "@quire/client";
import type { App, View } from "./app.js";
import { keepDraft } from "./drafts.js";
import { DocumentView } from "./document/document.js";
import { ListView } from "./list/list.js";
import { Net } from "./net.js";
import { askProfile, guestProfile, keepProfile, loadProfile } from "./profile.js";
import { errorWords, isQuiet, stoppedWords } from "./pure/error-words.js";
import { insertedText, type Op } from "./pure/ops.js";
import { parseRoute } from "./pure/routes.js";
import { takeLinkFromAddress } from "./share-links.js";
import { askToken, currentToken, takeTokenFromAddress } from "./token.js";
import { openDialog } from "./ui/dialog.js";
import { h } from "./ui/dom.js";
import { applyTheme, currentTheme } from "./ui/theme.js";
import { Toasts } from "./ui/toast.js";
import { missingPage } from "./views.js";

const UNAUTHORIZED = 4401;
const DRAFT_ELSEWHERE = "Something you wrote could not be saved. You find it at the head of its document.";

function start(): void {
  applyTheme(currentTheme());
  takeTokenFromAddress();
  const kept = loadProfile();
  let profile = kept ?? guestProfile();
  let worn = profile.color;
  const wear = (color: string): void => {
    if (color === worn) return;
    worn = color;
    connection.setProfile({ name: profile.name, color });
  };
  const connection = new Connection({
    url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`,
    token: currentToken,
    name: profile.name,
    color: profile.color,
  });
  const toasts = new Toasts();
  const root = document.getElementById("app") as HTMLElement;
  const ask = (first: boolean): void =>
    askProfile(app.profile(), first, app.taken, (changed) => {
      profile = { ...changed, color: changed.color === worn ? profile.color : changed.color };
      worn = changed.color;
      keepProfile(profile);
      connection.setProfile({ name: changed.name, color: worn });
    });
  const app: App = {
    connection,
    net: new Net(connection),
    toasts,
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
  const route = (): void => {
    view?.dispose();
    document.title = "Quire";
    view = viewFor(app);
    root.replaceChildren(view.element);
    window.scrollTo(0, 0);
  };
  document.body.append(toasts.element);
  connection.on("error", (error) => isQuiet(error) || toasts.show(errorWords(error)));
  connection.on("draft", ({ id, ops, reason }) => {
    if (keepDraft(id, { text: insertedText(ops as Op[]), reason })) toasts.show(DRAFT_ELSEWHERE);
  });
  app.net.watch(() => app.net.status === "stopped" && showStopped(app.net.code));
  window.addEventListener("popstate", route);
  document.addEventListener("click", (event) => followInside(event, app));
  route();
  if (!kept) ask(true);
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
  const { title, text } = stoppedWords(code);
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
