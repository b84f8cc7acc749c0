import type { z } from 'zod';

type Json = z.core.util.JSONType;

/**
 * Converts any text to text that every database can store: NUL becomes the symbol ␀, and each lone surrogate becomes
 * U+FFFD.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '␀');
}

/** Converts any value to JSON that every database can store; values that JSON cannot express are stored as text. */
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
