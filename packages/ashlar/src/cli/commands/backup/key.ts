import type { Command } from 'commander';
import { newBackupKey } from '../../../backup/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { writeNew } from '../../write-new.js';

interface Options {
  readonly out: string;
}

/** `ashlar backup key`: creates a key for backups. */
export function keyCommand(commands: Commands): Command {
  return commands
    .make<Options>('key', 'create a key for backups, in the format of age-keygen', run)
    .option('--out <file>', 'the new file', 'backup.key');
}

const run = async (invocation: Invocation, { out: file }: Options): Promise<Answer> => {
  const { out } = invocation;
  const { key, recipient } = await newBackupKey();
  const text = `# public key: ${recipient}\n${key.reveal()}\n`;
  await writeNew(invocation, file, text, 0o600);
  out.line(`BACKUP_KEY_FILE=${file}`);
  out.line(`BACKUP_RECIPIENT=${recipient}`);
  out.note(
    'The key creates and opens backups. A process that has only the recipient can create backups, but not open them.',
  );
  out.note(
    'Keep the file apart from the backups, and keep a copy of it: without it no backup can be opened.',
  );
  return { document: { key: file, recipient } };
};
