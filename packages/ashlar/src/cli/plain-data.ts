/**
 * Converts a value that JSON cannot hold: a bigint to a string of its decimal digits, a Set to a list, a Map to an
 * object. Returns every other value unchanged. It does not convert the parts of a value: use it as the replacer of
 * `JSON.stringify`, which calls it for each part.
 *
 * @throws TypeError for a Map with a key that is not a text, number or bigint
 */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [keyText(key), item]));
  return value;
}

/**
 * Converts the document that a command returned to the data that `--json` prints, so that text and JSON show the same.
 * A command that returned nothing has the document `null`.
 *
 * @param command - the words of the command, for the message: `shop add`
 * @throws TypeError which names the command, where the document has no JSON form
 */
export function plainData(command: string, document: unknown): unknown {
  try {
    const text = JSON.stringify(document ?? null, (_, part: unknown) => toJsonValue(part)) as
      | string
      | undefined;
    if (text === undefined) throw new TypeError(`a ${typeof document} has no JSON form`);
    return JSON.parse(text) as unknown;
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new TypeError(
      `The command ${command} ended, but the document that it returned is not plain data: ${reason}.`,
      { cause: error },
    );
  }
}

function keyText(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') return String(key);
  throw new TypeError('a Map has a key that is not a text or a number');
}
