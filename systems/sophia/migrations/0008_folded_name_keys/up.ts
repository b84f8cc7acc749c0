import { AshlarError } from 'ashlar';
import { literal } from 'ashlar/extend';
import type { StepFunction } from 'ashlar/migrations';

// as it was when this step was written
const folded = (text: string): string => text.toLowerCase().toUpperCase().toLowerCase();
const nameKey = (name: string): string => {
  const plain = name.normalize('NFKC').replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '');
  return plain.split('ı').map(folded).join('ı').normalize('NFKC').replace(/\s+/gu, ' ').trim();
};

/**
 * Computes the keys of names again: `ẞ` is `ss`, the dotless ı is no i, and characters that are not seen do not count. Two
 * clients with one key are reported, and nothing is changed.
 */
export const up: StepFunction = async (owner) => {
  const clients = (await owner.run(
    'SELECT id, name, name_key FROM clients ORDER BY created_at, id',
  )) as readonly {
    readonly id: string;
    readonly name: string;
    readonly name_key: string;
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
  for (const { id, name, name_key } of clients)
    if (nameKey(name) !== name_key)
      await owner.run(`UPDATE clients SET name_key = ${literal(nameKey(name))} WHERE id = ${literal(id)}`);
};
