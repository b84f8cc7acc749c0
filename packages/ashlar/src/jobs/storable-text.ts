import type { z } from 'zod';

type Json = z.core.util.JSONType;

/** Text that every database can store: NUL is replaced by its symbol, a lone surrogate by U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '␀');
}

/** Any value as JSON with text that every database can store; what JSON cannot express becomes text. */
export function storableJson(value: unknown): Json {
  try {
    const text = JSON.stringify(value, (_, item: unknown) =>
      typeof item === 'string' ? storableText(item) : item,
    );
    return text === undefined ? storableText(String(value)) : (JSON.parse(text) as Json);
  } catch {
    return storableText(String(value));
  }
}
