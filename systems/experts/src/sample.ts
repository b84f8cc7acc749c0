import { readFile } from 'node:fs/promises';
import type { Exchange } from './log.js';

/**
 * Reads the sample: six weeks of a chat that matches experts, 200 invented exchanges with 60 people. Each has a
 * `created_at`, so on PostgreSQL only the schema's owner can log them.
 */
export async function sampleExchanges(): Promise<Exchange[]> {
  const text = await readFile(new URL('../sample/exchanges.jsonl', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Exchange);
}
