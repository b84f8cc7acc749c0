import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Imported } from '../../contract/whole-file.js';
import { AshlarError } from '../../errors.js';
import { importDatabase } from '../../keys/index.js';
import type { Answer, Commands } from '../command.js';
import type { Invocation } from '../invocation.js';

interface Options {
  readonly to: string;
  readonly fromKeyFile?: string;
}

/** `ashlar import FILE --to URL`. */
export function importCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'import',
      'make a database of an SQLite file, or of a SQLCipher file of version 1 to 4',
      run,
    )
    .argument('<file>', 'the file; it is only read')
    .requiredOption('--to <url>', 'sqlcipher:PATH, under DATABASE_KEY; or sqlite:PATH. Must not be there yet')
    .option('--from-key-file <file>', 'a file with the key of the file, where it is not the new database’s');
}

const run = async (invocation: Invocation, { to, fromKeyFile }: Options, file = ''): Promise<Answer> => {
  const { out } = invocation;
  const key = invocation.databaseKey();
  const given = invocation.keyFrom('--from-key-file', fromKeyFile);
  const path = resolve(invocation.streams.directory, file);
  const imported = await tryKeys(given, key, (from) => importDatabase({ path, key: from }, { url: to, key }));
  const { source, rows, digest, keyFingerprint } = imported;
  const tables = Object.entries(rows).filter(([name]) => !name.startsWith('sqlite_'));
  out.line(`${imported.path} holds what ${file} does (${source}); both were read and compared.`);
  out.table(['table', 'rows'], tables);
  out.note('Systems whose tables it has: ashlar migrate stamp; then ashlar up, and ashlar prove.');
  return { document: { path: imported.path, source, rows, digest, key_fingerprint: keyFingerprint ?? null } };
};

/** A plain file has no key; of an encrypted one it may be that of the new database. */
const tryKeys = async (
  given: string | undefined,
  own: string | undefined,
  attempt: (key: string | undefined) => Promise<Imported>,
): Promise<Imported> => {
  if (given !== undefined || own === undefined) return attempt(given);
  try {
    return await attempt(undefined);
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'key-missing') throw error;
    return attempt(own);
  }
};
