import type { Command } from 'commander';
import { createBackup } from '../../../backup/index.js';
import type { Answer, Commands } from '../../command.js';
import { withCopyProgress } from '../../copy-progress.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly dir?: string;
  readonly label?: string;
}

/** `ashlar backup create`: creates an encrypted backup of the database. */
export function createCommand(commands: Commands): Command {
  return commands
    .make<Options>('create', 'create an encrypted backup of the database, which may be in use', run)
    .option('--dir <folder>', 'the folder of backups (default: BACKUP_DIR)')
    .option('--label <name>', 'the beginning of the name of the backup (default: the name of the database)');
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
  out.line(`${out.style('green', 'created')} ${manifest.name} · ${rows} rows · ${manifest.file.size} bytes`);
  if (manifest.identity?.number == null)
    out.note(
      'the backup could not be counted in its database, or the database has no identity yet (`ashlar up` makes it): no keep rule removes this backup',
    );
  return { document: { backup: manifest, folder } };
};
