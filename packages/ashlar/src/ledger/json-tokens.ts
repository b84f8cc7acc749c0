const token = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s"{}[\],:]+)/gy;

/** The tokens of a JSON text: strings by their value, everything else as it is written. */
function* tokensOf(text: string): Generator<{ readonly token: string; readonly end: number }> {
  // two texts are read at the same time
  const pattern = new RegExp(token);
  for (let found = pattern.exec(text); found?.[1] !== undefined; found = pattern.exec(text))
    yield { token: found[1], end: pattern.lastIndex };
}

const meaningOf = (written: string): string =>
  written.startsWith('"') ? JSON.stringify(JSON.parse(written)) : written;

/**
 * Whether two JSON texts say the same token by token: white space and the escapes of strings may differ, but not the digits of
 * numbers, nor the members of an object, their order and repetitions. Both texts are valid JSON.
 */
export function sameJsonText(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [tokensOf(one), tokensOf(other)];
  for (;;) {
    const [a, b] = [left.next(), right.next()];
    if (a.done || b.done) return a.done === b.done;
    if (a.value.token !== b.value.token && meaningOf(a.value.token) !== meaningOf(b.value.token))
      return false;
  }
}

/**
 * Returns the texts of the members of an entry's row, by name: the entry is the array `[form, log, salt, at, row]`, and valid
 * JSON.
 */
export function memberTexts(entry: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let [depth, name, from] = [0, undefined as string | undefined, 0];
  for (const { token: written, end } of tokensOf(entry)) {
    const start = end - written.length;
    if (depth === 2 && name !== undefined && (written === ',' || written === '}')) {
      members.set(name, entry.slice(from, start));
      name = undefined;
    } else if (depth === 2 && written === ':') from = end;
    else if (depth === 2 && name === undefined && written.startsWith('"')) name = JSON.parse(written);
    if (written === '{' || written === '[') depth++;
    else if (written === '}' || written === ']') depth--;
  }
  return members;
}
