/** What the pretended server has. */
export interface FakeInfo {
  id: string;
  type: "rich" | "text";
  title: string;
  created: Date;
  updated: Date;
  people: number;
}

const MINUTE = 60_000;
const ago = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE);

function info(id: string, type: "rich" | "text", title: string, minutes: number, people: number): FakeInfo {
  return { id, type, title, created: ago(minutes + 500), updated: ago(minutes), people };
}

export const LIST: FakeInfo[] = [
  info("garden", "rich", "The garden behind the library", 0, 3),
  info("notes", "text", "Meeting notes, Tuesday", 7, 1),
  info("letter", "rich", "Letter to the council", 64, 0),
  info("recipes", "rich", "Soup for twelve", 60 * 5, 0),
  info("arabic", "rich", "دفتر الملاحظات", 60 * 26, 2),
  info("config", "text", "server.conf", 60 * 24 * 3, 0),
  info("long", "rich", "A rather long title that somebody wrote because they could not decide what this document is about", 60 * 24 * 9, 0),
  ...Array.from({ length: 60 }, (_, i) => info(`old${i}`, i % 3 ? "rich" : "text", `Older document ${i + 1}`, 60 * 24 * (12 + i * 5), 0)),
];

/** Name, colour, place in the text, length of the selection. */
export const AUTHORS: [string, string, number, number][] = [
  ["Ben Okafor", "#0c73c3", 0.32, 0],
  ["Chidera Ade", "#c33887", 0.62, 38],
  ["Dmitri Volkov", "#20812d", 0.82, 0],
  ["王小明", "#b55507", 0.93, 6],
  ["Eva Lindqvist", "#9150ce", 0.15, 0],
  ["Farid Haddad", "#097f6f", 0.5, 0],
  ["Grace Kim", "#cf3546", 0.7, 0],
];

export const RICH = [
  { insert: "What it should be" },
  { insert: "\n", attributes: { header: 1 } },
  { insert: "A place to sit with a book on any dry day from March to October, kept by the people who sit in it. " },
  { insert: "No gate, no hours, no signs", attributes: { italic: true } },
  { insert: " except the one that says who planted what.\n\nThe council has agreed to the water. We need " },
  { insert: "four benches, one table and a shed", attributes: { bold: true } },
  { insert: ", and we have the timber for most of it: see " },
  { insert: "the list from last year", attributes: { link: "https://example.org/timber" } },
  { insert: ".\nBefore the winter" },
  { insert: "\n", attributes: { header: 2 } },
  { insert: "Clear the corner by the wall" },
  { insert: "\n", attributes: { list: "checked" } },
  { insert: "Ask the school about the greenhouse glass" },
  { insert: "\n", attributes: { list: "unchecked" } },
  { insert: "Order bulbs: " },
  { insert: "squill, aconite, crown imperial", attributes: { background: "#fff0a8" } },
  { insert: "\n", attributes: { list: "unchecked" } },
  { insert: "A garden is a thing you do, not a thing you have." },
  { insert: "\n", attributes: { blockquote: true } },
  { insert: "Measurements" },
  { insert: "\n", attributes: { header: 2 } },
  { insert: "The bed along the south wall is " },
  { insert: "11.4 m", attributes: { color: "#c02b3b" } },
  { insert: " long and " },
  { insert: "1.2 m", attributes: { code: true } },
  { insert: " deep. Dmitri has the drawing.\nbench = plank * 3 + leg * 4" },
  { insert: "\n", attributes: { "code-block": true } },
  { insert: "shed  = 2.4 m * 1.8 m" },
  { insert: "\n", attributes: { "code-block": true } },
  { insert: "First the ground" },
  { insert: "\n", attributes: { list: "ordered" } },
  { insert: "Then the water" },
  { insert: "\n", attributes: { list: "ordered" } },
  { insert: "Then the benches" },
  { insert: "\n", attributes: { list: "ordered" } },
];

export const TEXT = `Tuesday, nine o'clock
=====================

Here: Ann, Ben, Chidera

- The old pump stays until the new one has run for a week.
- Ben asks the neighbours about Saturday. A long line wraps to the next one where the window ends, as it would in a letter.
- 東京 office joins at ten.

    listen = 0.0.0.0:8080
    data   = /srv/quire

Next: Thursday
`;

const said = (number: number, who: number, minutes: number, text: string, own = false) => {
  const [name, color] = own ? ["Ann Lee", "#097f6f"] : (AUTHORS[who] as [string, string, number, number]);
  return { number, name, color, at: ago(minutes), text, own };
};

export const CHAT = [
  said(31, 0, 60 * 27, "I have put the measurements at the end."),
  said(32, 1, 60 * 26, "Thank you! The drawing is at https://example.org/drawing.pdf, have a look."),
  said(33, 1, 60 * 26 - 1, "The shed could be a little wider."),
  said(34, 0, 42, "Shall we keep the quotation?", true),
  said(35, 2, 41, "Please do. It is the best sentence in it."),
  said(36, 0, 12, "Then I will ask the school about the glass on Monday, unless somebody is there before me."),
];
