/** Errors of the protocol in words for people. What is not listed says what it can without jargon. */
const WORDS: Record<string, string> = {
  not_found: "This document does not exist, or no longer does.",
  forbidden: "You may not do that in this document.",
  unauthorized: "This server wants to know who you are, and did not accept what it was told.",
  exists: "A document with this address exists already.",
  bad_title: "This title cannot be used. Please choose another.",
  bad_name: "This name cannot be used. Please choose another.",
  bad_text: "This message cannot be sent as it is.",
  bad_id: "This is not the address of a document.",
  document_full: "This document has reached its largest size. What you typed since is kept, but cannot be saved until something is removed.",
  storage_full: "The server has no room left at the moment. Your changes are kept and will be sent again.",
  overloaded: "The server is very busy. It will be tried again by itself.",
  rate_limited: "That was a lot in a short time. Please wait a moment.",
  not_text: "This document holds plain text only.",
  share_limit: "There are as many of them as there can be. Please remove some first.",
  bad_role: "This role cannot be given.",
  not_shown: "This document holds something that this editor cannot show.",
  channel_limit: "Too many documents are open in this page. Please close one.",
  internal: "Something went wrong on the server. Please try again.",
  too_large: "That was too much at once. Please paste it in smaller parts.",
  no_room: "This document has no room for that: it would become larger than a document can be. Please go on in another one.",
  not_ready: "This document is not open yet. Please try again in a moment.",
  disconnected: "There is no connection at the moment. Please try again when it is back.",
  closed: "This page is no longer connected. Please reload it.",
  other_user: "This browser has got the access of somebody else.",
};

/** Errors that the connection heals by itself and that nobody needs to read about. */
const QUIET = new Set(["not_open", "bad_seq", "bad_base", "too_old"]);

export function errorWords(error: unknown): string {
  const code = codeOf(error);
  return Object.hasOwn(WORDS, code) ? (WORDS[code] as string) : "Something went wrong. Please try again.";
}

export function isQuiet(error: unknown): boolean {
  return QUIET.has(codeOf(error));
}

export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

const NOT_SAVED = "This text of yours is not saved";

/** What a draft is, by the reason that came with it. */
export function draftWords(reason: string): { title: string; text: string } {
  switch (reason) {
    case "restored":
      return {
        title: "The server was put back to an earlier state",
        text: "This is the document as you last saw it. Copy from it what is missing now.",
      };
    case "forbidden":
      return { title: NOT_SAVED, text: "You may no longer open its document. Copy it, if you need it." };
    case "deleted":
    case "not_found":
      return { title: NOT_SAVED, text: "Its document was deleted, or you may no longer open it. Copy it, if you need it." };
    default:
      return { title: NOT_SAVED, text: "The document has changed, and it no longer fits in by itself. Copy it, and put it where it belongs." };
  }
}

/** What an earlier page has left, and the server does not take as things are. */
export function leftoverWords(reason: string): { title: string; text: string } {
  switch (reason) {
    case "forbidden":
      return { title: NOT_SAVED, text: "You may only read this document now. Your text stays in this browser, and is saved when you may write there again." };
    case "document_full":
      return { title: NOT_SAVED, text: "This document is full. Your text stays in this browser, and is saved when something has been removed there." };
    default:
      return { title: NOT_SAVED, text: "The server does not take it at present. Your text stays in this browser, and is tried again when you reload this page." };
  }
}

/** Why the connection has stopped for good, by the close code; `hadToken`: a token was shown. */
export function stoppedWords(code: number | undefined, hadToken: boolean): { title: string; text: string } {
  switch (code) {
    case 4401:
      return hadToken
        ? {
            title: "Your access has ended",
            text: "Your access token has run out or was taken back. Open a new link, or enter a new token. What you wrote and is not saved is sent then.",
          }
        : {
            title: "This server asks who you are",
            text: "Open the link you were given, or enter the access token you got from whoever runs this server.",
          };
    case 4403:
      return {
        title: "This page cannot go on as it is",
        text: "This browser has got the access of somebody else, or you may no longer write here. Reload to go on with what you may do now.",
      };
    case 4409:
      return {
        title: "Continued in another window",
        text: "This page was taken over by a copy of itself. Reload it to go on here.",
      };
    case 1009:
      return {
        title: "That was too much at once",
        text: "The last change was larger than the server takes. Reload the page and paste smaller parts.",
      };
    default:
      return {
        title: "The connection has ended",
        text: "This page and the server do not understand each other, perhaps because the server is newer. Reload to go on.",
      };
  }
}
