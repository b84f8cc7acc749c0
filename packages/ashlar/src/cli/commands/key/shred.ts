import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { shred } from '../../../keys/index.js';
import { defaultActor } from '../../../migrations/actor.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withEncryptedSystems } from '../../with-encrypted-systems.js';

interface Options {
  readonly yes?: boolean;
  readonly actor?: string;
  /** Set to false by `--no-purge`. */
  readonly vacuum: boolean;
}

/** `ashlar key shred SCOPE`. */
export function shredCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'shred',
      'erase the data keys of a scope: what is encrypted with them is gone for good',
      run,
    )
    .argument('<scope>', 'the scope: a client, a tenant')
    .option('--yes', 'do not ask')
    .option('--actor <name>', 'who does it')
    .option('--no-purge', 'leave the files as they are, with copies of the wrapped key in them');
}

const run = async (invocation: Invocation, options: Options, scope = ''): Promise<Answer> => {
  const { out } = invocation;
  const { actor = defaultActor(), vacuum } = options;
  if (!options.yes) await confirmed(invocation, scope);
  const systems = await withEncryptedSystems(invocation, async (db) => {
    const { keys, remains } = await shred(db, scope, { actor, vacuum });
    out.line(`${db.system.name}: ${keys} ${keys === 1 ? 'key' : 'keys'} of ${scope} erased`);
    if (remains !== undefined) out.note(`A copy may still be in a file: ${remains}`);
    return { system: db.system.name, keys, remains: remains ?? null };
  });
  out.note(
    'Backups from before still hold the wrapped key, until the column key of their time is destroyed.',
  );
  return { document: { scope, systems } };
};

const confirmed = async ({ out, streams }: Invocation, scope: string): Promise<void> => {
  const refusal = new AshlarError('usage', {
    message: `The data of ${scope} was not shredded.`,
    detail: 'It cannot be brought back afterwards.',
    suggestion: 'Say that it is meant: --yes',
  });
  if (!streams.interactive || out.json) throw refusal;
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({
    message: `Everything that is encrypted for ${scope} will be unreadable for good. Type the scope to go on.`,
    input: streams.stdin,
    output: streams.stderr,
  });
  if (isCancel(answer) || answer !== scope) throw refusal;
};
