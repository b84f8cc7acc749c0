import type { Command } from 'commander';
import { listBackups } from '../../../backup/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printTable } from '../../print-table.js';

interface Options {
  readonly dir?: string;
}

/** `ashlar backup list`: lists the backups, the oldest first. */
export function listCommand(commands: Commands): Command {
  return commands
    .make<Options>('list', 'list the backups, the oldest first; exit 1 if one is incomplete', run)
    .option('--dir <folder>', 'the folder of backups (default: BACKUP_DIR)');
}

const run = async (invocation: Invocation, { dir }: Options): Promise<Answer> => {
  const { out } = invocation;
  const { folder } = invocation.backups(dir);
  const listed = await listBackups(folder);
  if (listed.length === 0) out.line(`no backups in ${folder}`);
  else {
    printTable(
      out,
      ['backup', 'created', 'verified', 'engine', 'bytes'],
      listed.map(({ name, manifest, verifiedAt, problem }) => [
        name,
        manifest?.created_at ?? '–',
        problem === undefined ? (verifiedAt ?? 'never') : out.style('red', 'incomplete'),
        manifest?.engine ?? '–',
        manifest?.file.size ?? '–',
      ]),
    );
  }
  for (const { name, problem } of listed) if (problem !== undefined) out.line(`  ${name}: ${problem}`);
  return {
    document: {
      folder,
      backups: listed.map(({ name, manifest, verifiedAt, problem }) => ({
        name,
        verified_at: verifiedAt ?? null,
        problem: problem ?? null,
        manifest: manifest ?? null,
      })),
    },
    exitCode: listed.some(({ problem }) => problem !== undefined) ? 1 : 0,
  };
};
