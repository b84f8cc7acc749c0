import type { Command } from 'commander';
import { keyringStatus, rotateMaster } from '../../../keys/index.js';
import { defaultActor } from '../../../migrations/actor.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withEncryptedSystems } from '../../with-encrypted-systems.js';

interface Options {
  readonly actor?: string;
}

/** `ashlar key rotate columns`. */
export function rotateColumnsCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'columns',
      'wrap the data keys of ciphered columns anew under COLUMN_KEY, while COLUMN_KEYS_OLD opens them',
      run,
    )
    .option('--actor <name>', 'who does it');
}

const run = async (invocation: Invocation, { actor = defaultActor() }: Options): Promise<Answer> => {
  const { out } = invocation;
  const systems = await withEncryptedSystems(invocation, async (db) => {
    const wrapped = await rotateMaster(db, { actor });
    const { version } = db.encryption.masters().current;
    const keyrings = await keyringStatus(db);
    const needed = [
      ...new Set(keyrings.flatMap(({ wrappedBy }) => Object.keys(wrappedBy).map(Number))),
    ].filter((other) => other !== version);
    out.line(out.style('bold', db.system.name));
    out.line(`  ${wrapped} data keys were wrapped anew under the column key of version ${version}`);
    for (const { keyring, scopes, shredded } of keyrings)
      out.line(`  ${keyring}: ${scopes} scopes, ${shredded} of them shredded`);
    return { system: db.system.name, wrapped, master_version: version, still_needed: needed, keyrings };
  });
  const needed = [...new Set(systems.flatMap(({ still_needed }) => still_needed))];
  // sessions with the former key as their current one make such while they run
  if (needed.length > 0) {
    out.note(
      `Data keys made meanwhile are still wrapped by version ${needed.join(', ')}: somebody works with`,
    );
    out.note('an older COLUMN_KEY. Give everybody the new one, and run the command again.');
  } else {
    out.note(
      'These systems need no older key any more. Other systems may, and backups from before do: keep it for',
    );
    out.note('as long as they are kept, then destroy it.');
  }
  return { document: { systems } };
};
