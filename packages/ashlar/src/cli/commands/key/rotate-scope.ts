import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { finishScopeKeyRotation, rotateScopeKey } from '../../../keys/scope-key.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly newKeyFile?: string;
  readonly finish?: boolean;
}

/** `ashlar key rotate scope`: brings in a new key that signs scopes; with `--finish` it removes the former key. */
export function rotateScopeCommand(commands: Commands): Command {
  return commands
    .make<Options>('scope', 'let the database accept a new SCOPE_KEY beside the present one', run)
    .option('--new-key-file <file>', 'a file with the new key; or set NEW_SCOPE_KEY')
    .option('--finish', 'accept SCOPE_KEY only, when every instance of the application has it');
}

const run = async (invocation: Invocation, { newKeyFile, finish }: Options): Promise<Answer> => {
  const { out } = invocation;
  const { current, next } = invocation.scopeKeys(newKeyFile);
  if (current === undefined || (!finish && next === undefined)) {
    throw new AshlarError('usage', {
      message: current === undefined ? 'The present key is not set.' : 'The new key is not set.',
      suggestion:
        current === undefined
          ? 'Set SCOPE_KEY or SCOPE_KEY_FILE.'
          : 'Create a key (`ashlar key new --scope --out next.key`), and give --new-key-file next.key.',
    });
  }
  return invocation.withEngine(
    'owner',
    async (engine) => {
      if (finish) {
        const removed = await finishScopeKeyRotation(engine, current);
        out.line(`former keys removed: ${removed}; only SCOPE_KEY is accepted`);
        return { document: { removed } };
      }
      await rotateScopeKey(engine, current, next ?? '');
      out.line('both keys are accepted');
      out.note(
        'Give the new key to every instance as SCOPE_KEY, then run `ashlar key rotate scope --finish` with it. Until then `prove` and `status` need both keys: the other one as NEW_SCOPE_KEY.',
      );
      return { document: { accepted: 'both' } };
    },
    { create: false },
  );
};
