import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { reencrypt, rotateDataKey } from '../../../keys/index.js';
import { defaultActor } from '../../../migrations/actor.js';
import type { Database } from '../../../session/database.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withEncryptedSystems } from '../../with-encrypted-systems.js';

interface Options {
  readonly actor?: string;
}

/** `ashlar key rotate data SCOPE`: gives a scope a new data key, and re-encrypts its rows. */
export function rotateDataCommand(commands: Commands): Command {
  return commands
    .make<Options>('data', 'give a scope a new data key, and re-encrypt its rows with it', run)
    .argument('<scope>', 'the scope: for example the id of a client or tenant')
    .option('--actor <name>', 'the actor to record (default: the user of the operating system)');
}

const run = async (
  invocation: Invocation,
  { actor = defaultActor() }: Options,
  scope = '',
): Promise<Answer> => {
  const { out } = invocation;
  const systems = await withEncryptedSystems(invocation, async (db) => {
    const versions = await rotateDataKey(db, scope, { actor });
    const tables = await moveRows(db, scope, actor);
    out.line(out.style('bold', db.system.name));
    for (const [keyring, version] of Object.entries(versions))
      out.line(`  ${keyring}: version ${version} of the data key encrypts new values`);
    for (const { table, moved, stays } of tables)
      out.line(
        stays
          ? `  ${table}: the rows cannot be updated, and keep their old data key`
          : `  ${table}: ${moved} rows re-encrypted`,
      );
    return { system: db.system.name, versions, tables };
  });
  return { document: { scope, systems } };
};

interface Moved {
  readonly table: string;
  readonly moved: number;
  /** Whether its rows cannot change, and keep the key that they were written with. */
  readonly stays: boolean;
}

const moveRows = async (db: Database, scope: string, actor: string): Promise<Moved[]> => {
  const all: Moved[] = [];
  for (const table of Object.values(db.system.tables).filter(({ facts }) => facts.encryption)) {
    try {
      const moved = await reencrypt(db, scope, { actor, tables: [table] });
      all.push({ table: table.name, moved, stays: false });
    } catch (error) {
      const code = error instanceof AshlarError ? error.code : '';
      if (code !== 'guarantee-violated' && code !== 'privilege-missing') throw error;
      all.push({ table: table.name, moved: 0, stays: true });
    }
  }
  return all;
};
