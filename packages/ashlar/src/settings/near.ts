/** Whether two texts differ by at most `edits` letters that are inserted, deleted or replaced. Default: 2. */
export function isNear(given: string, wanted: string, edits = 2): boolean {
  return Math.abs(given.length - wanted.length) <= edits && distance(given, wanted) <= edits;
}

/** The least number of letters to insert, delete or replace that turn one text into the other. */
const distance = (a: string, b: string): number => {
  let row = [...b, ''].map((_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
