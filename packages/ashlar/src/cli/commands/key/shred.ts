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
  /** Set to false by `--no-vacuum`. */
  readonly vacuum: boolean;
}

/** `ashlar key shred SCOPE`: destroys the data keys of a scope. */
export function shredCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'shred',
      'destroy the data keys of a scope: its encrypted data can never be read again',
      run,
    )
    .argument('<scope>', 'the scope: for example the id of a client or tenant')
    .option('--yes', 'do not ask for confirmation')
    .option('--actor <name>', 'the actor to record (default: the user of the operating system)')
    .option('--no-vacuum', 'do not rewrite the database files, which may then still contain the wrapped key');
}

const run = async (invocation: Invocation, options: Options, scope = ''): Promise<Answer> => {
  const { out } = invocation;
  const { actor = defaultActor(), vacuum } = options;
  if (!options.yes) await confirmed(invocation, scope);
  const systems = await withEncryptedSystems(invocation, async (db) => {
    const { keys, remains } = await shred(db, scope, { actor, vacuum });
    out.line(`${db.system.name}: ${keys} ${keys === 1 ? 'key' : 'keys'} of ${scope} shredded`);
    if (remains !== undefined) out.note(`A file may still contain a copy of the wrapped key: ${remains}`);
    return { system: db.system.name, keys, remains: remains ?? null };
  });
  out.note(
    'Earlier backups still contain the wrapped key. To make it useless, destroy the column key that wraps it there.',
  );
  return { document: { scope, systems } };
};

const confirmed = async ({ out, streams }: Invocation, scope: string): Promise<void> => {
  const refusal = new AshlarError('usage', {
    message: `The data of ${scope} was not shredded.`,
    detail: 'Shredding cannot be undone.',
    suggestion: 'Confirm with --yes.',
  });
  if (!streams.interactive || out.json) throw refusal;
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({
    message: `All data that is encrypted for ${scope} will be permanently unreadable. Type the scope to continue.`,
    input: streams.stdin,
    output: streams.stderr,
  });
  if (isCancel(answer) || answer !== scope) throw refusal;
};
