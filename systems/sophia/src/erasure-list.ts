import { appendFile, readFile } from 'node:fs/promises';
import { AshlarError, type Database, everyScope, parseInput } from 'ashlar';
import { z } from 'zod';
import { type EraseOptions, type Erasure, eraseClient } from './erase.js';
import type { tables } from './tables.js';

const line = z.strictObject({ client_id: z.uuid(), erased_at: z.string() });

/**
 * Appends an erasure to a list outside the database: a restored backup brings clients back, and does not know that they were
 * erased. The list has ids and times only.
 *
 * @throws AshlarError `input-invalid` when the file cannot be written
 */
export async function listErasure(
  path: string,
  { client_id, erased_at }: Pick<Erasure, 'client_id' | 'erased_at'>,
): Promise<void> {
  try {
    await appendFile(path, `${JSON.stringify({ client_id, erased_at })}\n`, { mode: 0o600, flush: true });
  } catch (cause) {
    throw unreadable(
      path,
      'written',
      cause,
      `Erase the client ${client_id} again: it is erased, and not in the list.`,
    );
  }
}

/**
 * Erases the clients of a list whom the database has as not erased, after a backup was restored. Clients whom the database does
 * not have are left out.
 *
 * @returns the erasures that were repeated
 * @throws AshlarError `input-invalid` when the list cannot be read, or has a line that is none; nothing was erased
 */
export async function repeatErasures(
  db: Database<typeof tables>,
  path: string,
  options: EraseOptions = {},
): Promise<readonly Erasure[]> {
  const listed = await readList(path);
  const found = await db.read({ scope: everyScope }, (s) =>
    s.query.selectFrom('clients').select('id').where('erased_at', 'is', null).execute(),
  );
  const repeated: Erasure[] = [];
  for (const { id } of found) if (listed.has(id)) repeated.push(await eraseClient(db, id, options));
  return repeated;
}

const readList = async (path: string): Promise<ReadonlySet<string>> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, 'read', cause, 'Check the path.');
  }
  const lines = text.split('\n').flatMap((each, at) => (each === '' ? [] : [[each, at + 1] as const]));
  return new Set(
    lines.map(([each, at]) => parseInput(`Invalid line ${at} of ${path}`, line, parsed(each)).client_id),
  );
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const unreadable = (path: string, what: string, cause: unknown, suggestion: string): AshlarError =>
  new AshlarError('input-invalid', {
    message: `The list of erasures ${path} cannot be ${what}.`,
    detail: (cause as Error).message,
    suggestion,
    cause,
  });
