/** Which lines of a text another text replaces: `removed` lines from line `first` on give way to `lines`. */
export interface LineChange {
  first: number;
  removed: number;
  lines: string[];
}

/** Compares by line, so that a change in one line touches that line only. */
export function changedLines(old: readonly string[], text: string): LineChange {
  const now = text.split("\n");
  const most = Math.min(old.length, now.length);
  let first = 0;
  while (first < most && old[first] === now[first]) first++;
  let same = 0;
  while (same < most - first && old[old.length - 1 - same] === now[now.length - 1 - same]) same++;
  return { first, removed: old.length - first - same, lines: now.slice(first, now.length - same) };
}

/** The line that `index` is in, and how far into it; past the end, the end. */
export function placeIn(lines: readonly string[], index: number): { line: number; offset: number } {
  let rest = Math.max(0, index);
  for (let line = 0; line < lines.length; line++) {
    const { length } = lines[line] as string;
    if (rest <= length) return { line, offset: rest };
    rest -= length + 1;
  }
  const line = Math.max(0, lines.length - 1);
  return { line, offset: lines[line]?.length ?? 0 };
}
