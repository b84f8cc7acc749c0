import type { Command } from 'commander';
import { keyringStatus, rotateMaster } from '../../../keys/index.js';
import { defaultActor } from '../../../migrations/actor.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withEncryptedSystems } from '../../with-encrypted-systems.js';

interface Options {
  readonly actor?: string;
}

/** `ashlar key rotate columns`: re-wraps the data keys of encrypted columns with the current column key. */
export function rotateColumnsCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'columns',
      'rewrap the data keys of encrypted columns with COLUMN_KEY; COLUMN_KEYS_OLD must have the keys that wrap them now',
      run,
    )
    .option('--actor <name>', 'the actor to record (default: the user of the operating system)');
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
    out.line(`  ${wrapped} data keys rewrapped with the column key of version ${version}`);
    for (const { keyring, scopes, shredded } of keyrings)
      out.line(`  ${keyring}: ${scopes} scopes, ${shredded} of them shredded`);
    return { system: db.system.name, wrapped, master_version: version, still_needed: needed, keyrings };
  });
  const needed = [...new Set(systems.flatMap(({ still_needed }) => still_needed))];
  // running sessions that still have the former key as their current one create such data keys
  if (needed.length > 0) {
    out.note(
      `Some data keys are still wrapped with version ${needed.join(', ')}: a process still uses an older COLUMN_KEY.`,
    );
    out.note('Give the new COLUMN_KEY to every process, and run the command again.');
  } else {
    out.note(
      'These systems no longer need the older keys. Other systems and earlier backups may need them: destroy an',
    );
    out.note('older key only when no system and no backup needs it.');
  }
  return { document: { systems } };
};
