import { AshlarError } from 'ashlar';
import { literal } from 'ashlar/extend';
import type { StepFunction } from 'ashlar/migrations';

// as it was when this step was written
const nameKey = (name: string): string =>
  name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();

/** Gives each client the key by which names are compared. Two clients with one key are reported, and nothing is changed. */
export const up: StepFunction = async (owner) => {
  const clients = (await owner.run('SELECT id, name FROM clients ORDER BY created_at, id')) as readonly {
    readonly id: string;
    readonly name: string;
  }[];
  const seen = new Map<string, string>();
  for (const { id, name } of clients) {
    const key = nameKey(name);
    const other = seen.get(key);
    if (other !== undefined) {
      throw new AshlarError('state-conflict', {
        message: `The clients ${other} and ${id} have the same name but for its case or the form of its characters.`,
        suggestion: 'Rename one of them with the release before this one, then run: ashlar up',
      });
    }
    seen.set(key, id);
  }
  // as literals, because the engines write parameters in different ways
  for (const [key, id] of seen)
    await owner.run(`UPDATE clients SET name_key = ${literal(key)} WHERE id = ${literal(id)}`);
};
