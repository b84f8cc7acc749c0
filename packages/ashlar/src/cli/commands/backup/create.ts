import type { Command } from 'commander';
import { createBackup } from '../../../backup/index.js';
import type { Answer, Commands } from '../../command.js';
import { withCopyProgress } from '../../copy-progress.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly dir?: string;
  readonly label?: string;
}

/** `ashlar backup create`. */
export function createCommand(commands: Commands): Command {
  return commands
    .make<Options>('create', 'copy the database as it is now, encrypted, while it is used', run)
    .option('--dir <folder>', 'where backups are kept (default: BACKUP_DIR)')
    .option('--label <name>', 'what its name begins with (default: the name of the database)');
}

const run = async (invocation: Invocation, { dir, label }: Options): Promise<Answer> => {
  const { out } = invocation;
  const { folder, keys } = invocation.backups(dir);
  const systems = await invocation.systems();
  const manifest = await invocation.withEngine(
    'owner',
    (engine) =>
      withCopyProgress(invocation, 'copying', (onProgress) =>
        createBackup(engine, systems, {
          folder,
          keys,
          label,
          checkpoints: invocation.ledgerKeys(),
          onProgress,
        }),
      ),
    { create: false },
  );
  const rows = Object.values(manifest.rows).reduce((sum, count) => sum + count, 0);
  out.line(`${out.style('green', 'made')} ${manifest.name} · ${rows} rows · ${manifest.file.size} bytes`);
  return { document: { backup: manifest, folder } };
};
