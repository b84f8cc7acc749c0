import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { newBackupKey } from '../../../backup/index.js';
import { AshlarError } from '../../../errors.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly out: string;
}

/** `ashlar backup key`. */
export const keyCommand = (commands: Commands): Command =>
  commands
    .make<Options>('key', 'a fresh key for backups, as age-keygen writes one', run)
    .option('--out <file>', 'the file', 'backup.key');

const run = async (invocation: Invocation, { out: file }: Options): Promise<Answer> => {
  const { out, streams } = invocation;
  const { key, recipient } = await newBackupKey();
  const text = `# public key: ${recipient}\n${key.reveal()}\n`;
  try {
    await writeFile(resolve(streams.directory, file), text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Nothing is written over: choose another file with --out.',
      cause,
    });
  }
  out.line(`BACKUP_KEY_FILE=${file}`);
  out.line(`BACKUP_RECIPIENT=${recipient}`);
  out.note('The first makes backups and opens them; the second, where it is set alone, only makes them.');
  out.note('Keep the file apart from the backups, and a copy of it: without it they are lost.');
  return { document: { key: file, recipient } };
};
