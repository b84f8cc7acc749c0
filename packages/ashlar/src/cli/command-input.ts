import { AshlarError } from '../errors.js';
import type { Command } from '../system/command.js';
import { type InputProperty, optionName, propertiesOf } from '../system/input-properties.js';

/**
 * Converts the texts of the command line to the input of a command, and validates it.
 *
 * @param given - the text of each property that was given; several for a list, `true` or `false` for a switch
 * @param help - the command that shows its help, for the suggestion
 * @throws AshlarError `usage`, which names the options that are not valid and never repeats a value
 */
export function parseCommandInput(
  { input, positionals }: Command,
  given: Readonly<Record<string, string | readonly string[] | boolean | undefined>>,
  help: string,
): unknown {
  const label = (name: string) =>
    positionals.includes(name) ? `<${optionName(name)}>` : `--${optionName(name)}`;
  const values: Record<string, unknown> = {};
  for (const property of propertiesOf(input)) {
    const text = given[property.name];
    if (text === undefined) continue;
    if (typeof text === 'boolean') values[property.name] = text;
    else if (typeof text === 'string') values[property.name] = convert(text, property.kind);
    else values[property.name] = text.map((one) => convert(one, property.kind));
  }
  const result = input.safeParse(values);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: [name, ...rest], message }) => {
    const at = name === undefined ? '' : [label(String(name)), ...rest].join('.');
    return `${at === '' ? '' : `${at}: `}${message}`;
  });
  throw new AshlarError('usage', {
    message: `${problems[0] ?? 'Invalid input'}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion: `See ${help}.`,
  });
}

// a text that is not of its kind is left as it is, for the schema to refuse
function convert(text: string, kind: InputProperty['kind']): unknown {
  if (kind === 'number') return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
  if (kind === 'bigint') return /^-?\d+$/.test(text) ? BigInt(text) : text;
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (kind !== 'json') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
