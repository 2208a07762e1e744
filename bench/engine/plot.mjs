/*
 * How cost grows with the document, drawn: node plot.mjs ENGINE.json >GROWTH.svg, from what bench_engine --json says.
 * Both axes are logarithmic; the points are medians, with least and most.
 */
import { readFileSync } from "node:fs";

const SERIES = [
  ["edit anywhere in a document", "an edit at a random place", "#c2410c"],
  ["read one byte anywhere in as much", "the machine: reading one byte at a random place", "#78716c"],
  ["type into a document", "typing, 3 % jumps", "#1d4ed8"],
  ["the same edits in the middle", "automerge-paper, in the middle", "#15803d"],
];
const [WIDTH, HEIGHT] = [760, 420];
const AREA = { left: 70, right: 30, top: 46, bottom: 52 };
const X = [1e4, 1e8];
const Y = [1, 4000];

const share = ([low, high], value) => Math.log(value / low) / Math.log(high / low);
const x = (bytes) => AREA.left + share(X, bytes) * (WIDTH - AREA.left - AREA.right);
const y = (ns) => HEIGHT - AREA.bottom - share(Y, ns) * (HEIGHT - AREA.top - AREA.bottom);
const n = (value) => value.toFixed(1);

const text = (at, content, more = "") => `<text x="${n(at[0])}" y="${n(at[1])}" ${more}>${content}</text>`;
const line = (from, to, more) =>
  `<line x1="${n(from[0])}" y1="${n(from[1])}" x2="${n(to[0])}" y2="${n(to[1])}" ${more}/>`;

function grid() {
  const out = [];
  for (const bytes of [1e4, 1e5, 1e6, 1e7, 1e8]) {
    const label = bytes < 1e6 ? `${bytes / 1e3} KB` : `${bytes / 1e6} MB`;
    out.push(line([x(bytes), y(Y[0])], [x(bytes), y(Y[1])], 'stroke="#e7e5e4"'));
    out.push(text([x(bytes), HEIGHT - AREA.bottom + 18], label, 'text-anchor="middle"'));
  }
  for (const ns of [1, 10, 100, 1000]) {
    out.push(line([x(X[0]), y(ns)], [x(X[1]), y(ns)], 'stroke="#e7e5e4"'));
    out.push(text([AREA.left - 8, y(ns) + 4], `${ns} ns`, 'text-anchor="end"'));
  }
  out.push(text([x(1e6), HEIGHT - 12], "size of the document", 'text-anchor="middle"'));
  return out;
}

function curve(rows, [, , colour]) {
  const out = [`<polyline fill="none" stroke="${colour}" stroke-width="2" points="${rows
    .map(({ bytes, median }) => `${n(x(bytes))},${n(y(median))}`)
    .join(" ")}"/>`];
  for (const { bytes, min, median, max } of rows) {
    out.push(line([x(bytes), y(min)], [x(bytes), y(max)], `stroke="${colour}"`));
    out.push(`<circle cx="${n(x(bytes))}" cy="${n(y(median))}" r="3.5" fill="${colour}"/>`);
  }
  return out;
}

function legend() {
  return SERIES.flatMap(([, label, colour], i) => {
    const at = [AREA.left + 16, AREA.top + 14 + 18 * i];
    return [line(at, [at[0] + 22, at[1]], `stroke="${colour}" stroke-width="2"`), text([at[0] + 30, at[1] + 4], label)];
  });
}

const { results } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const curves = SERIES.flatMap((series) => {
  const rows = results.filter(({ what }) => what === series[0]);
  if (rows.length === 0) throw new Error(`${process.argv[2]} does not say: ${series[0]}`);
  return curve(rows.map((row) => ({ ...row, bytes: 1000 * Number.parseInt(row.of, 10) })), series);
});
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"
  font-family="sans-serif" font-size="12" fill="#292524">
<rect width="100%" height="100%" fill="#ffffff"/>
${[text([AREA.left, 24], "CPU time of one edit, by the size of the document it is made in", 'font-size="15"'), ...grid(), ...curves, ...legend()].join("\n")}
</svg>`);
