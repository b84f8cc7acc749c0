import { readFile } from 'node:fs/promises';
import type { Exchange } from './log.js';

/**
 * Some weeks of a chat that matches experts, to try the system with: 200 exchanges with 60 people, all invented. Each
 * has its `created_at`, so on Postgres the owner logs them.
 */
export const sampleExchanges = async (): Promise<Exchange[]> => {
  const text = await readFile(new URL('../sample/exchanges.jsonl', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Exchange);
};
