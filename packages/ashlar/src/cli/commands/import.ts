import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Imported } from '../../contract/whole-file.js';
import { AshlarError } from '../../errors.js';
import { importDatabase } from '../../keys/index.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { printTable } from '../print-table.js';

interface Options {
  readonly to: string;
  readonly fromKeyFile?: string;
}

/** `ashlar import FILE --to URL`: creates a database from an SQLite or SQLCipher file. */
export function importCommand(commands: Commands): Command {
  return commands
    .make<Options>('import', summaries.import.description, run)
    .argument('<file>', 'the file to import; it is not changed')
    .requiredOption(
      '--to <url>',
      'the new database: sqlcipher:PATH, encrypted with DATABASE_KEY, or sqlite:PATH',
    )
    .option(
      '--from-key-file <file>',
      'a file with the key of the imported file (default: the key of the new database)',
    );
}

const run = async (invocation: Invocation, { to, fromKeyFile }: Options, file = ''): Promise<Answer> => {
  const { out } = invocation;
  const key = invocation.databaseKey();
  const given = invocation.keyFrom('--from-key-file', fromKeyFile);
  const path = resolve(invocation.streams.directory, file);
  const imported = await tryKeys(given, key, (from) => importDatabase({ path, key: from }, { url: to, key }));
  const { source, rows, digest, keyFingerprint } = imported;
  const tables = Object.entries(rows).filter(([name]) => !name.startsWith('sqlite_'));
  out.line(`${imported.path} has the content of ${file} (${source}); both were read and compared.`);
  printTable(out, ['table', 'rows'], tables);
  out.note(
    'If it has the tables of a system, run `ashlar migrate stamp head`, `ashlar up` and `ashlar prove`.',
  );
  return { document: { path: imported.path, source, rows, digest, key_fingerprint: keyFingerprint ?? null } };
};

/** A plain file has no key; an encrypted file may have the key of the new database. */
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
