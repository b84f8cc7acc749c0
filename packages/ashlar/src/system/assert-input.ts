import type { z } from 'zod';
import { AshlarError } from '../errors.js';
import { optionName, propertiesOf } from './input-properties.js';

/** The names of options that every command has; no property of an input schema can have one of them. */
const reservedOptions: readonly string[] = [
  'actor',
  'allow-owner',
  'config',
  'help',
  'json',
  'key-file',
  'system',
  'url',
  'version',
];

/**
 * Refuses an input that the command line cannot serve as declared.
 *
 * @param summary - the summary of the command, which identifies it in messages
 * @param positionals - the properties that are arguments, in order
 * @throws AshlarError `usage`, which names the property
 */
export function assertInput(summary: string, input: z.ZodObject, positionals: readonly string[]): void {
  const names = Object.keys(input.shape);
  for (const name of names) assertOption(summary, name, positionals.includes(name));
  assertDistinct(summary, names);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new AshlarError('usage', {
      message: `The argument ${unknown} of a command (${summary}) is not a property of its input.`,
      suggestion: `Name one of: ${names.join(', ')}.`,
    });
  }
  assertOrder(summary, input, positionals);
}

function assertOption(summary: string, name: string, isArgument: boolean): void {
  const option = optionName(name);
  const message = `The input property ${name} of a command (${summary}) is not allowed.`;
  if (reservedOptions.includes(option)) {
    throw new AshlarError('usage', {
      message,
      detail: `Every command has the option --${option}.`,
      suggestion: 'Give the property another name.',
    });
  }
  // the parser reads --no-backup as the opposite of --backup, and would set it when it is not given
  if (!isArgument && option.startsWith('no-')) {
    throw new AshlarError('usage', {
      message,
      detail: `The option --${option} is the opposite of --${option.slice('no-'.length)}.`,
      suggestion:
        'Name the property positively: a boolean `backup` with the default `true` gives --backup and --no-backup.',
    });
  }
}

function assertDistinct(summary: string, names: readonly string[]): void {
  const first = new Map<string, string>();
  for (const name of names) {
    // the parser stores the values of --a-1 and --a1 under one name
    const stored = optionName(name).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const other = first.get(stored);
    if (other !== undefined) {
      throw new AshlarError('usage', {
        message: `The input properties ${other} and ${name} of a command (${summary}) give the same option.`,
        detail: `${other} gives --${optionName(other)}, and ${name} gives --${optionName(name)}.`,
        suggestion: 'Give one of them another name.',
      });
    }
    first.set(stored, name);
  }
}

function assertOrder(summary: string, input: z.ZodObject, positionals: readonly string[]): void {
  // the order of one argument is never wrong
  if (positionals.length < 2) return;
  const properties = propertiesOf(input);
  const ordered = positionals.flatMap((name) => properties.find((property) => property.name === name) ?? []);
  for (const [at, { name, list, required }] of ordered.entries()) {
    const later = ordered.slice(at + 1);
    if (list && later.length > 0) {
      throw new AshlarError('usage', {
        message: `The argument ${name} of a command (${summary}) is a list, but not the last argument.`,
        suggestion: 'Move it to the end, or make it an option.',
      });
    }
    const next = later.find((property) => property.required);
    if (!required && next) {
      throw new AshlarError('usage', {
        message: `The argument ${name} of a command (${summary}) is optional, but is before the required argument ${next.name}.`,
        suggestion: 'Put the required arguments first.',
      });
    }
  }
}
