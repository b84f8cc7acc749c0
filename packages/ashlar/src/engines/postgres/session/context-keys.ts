import { randomUUID } from 'node:crypto';
import type { ContextKeys } from '../../../contract/context.js';
import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { scopeKeyError } from '../../scope-key-error.js';
import { contextKeys, place } from '../schema/context.js';
import { checkValue, contextKey, pads } from './context-key.js';
import { trustsSettings } from './unverified.js';

/** Makes the next `up` give the keys of a restored database a new identity, even if the schema is the one that they came from. */
export async function forgetPlace(owner: Owner): Promise<void> {
  const [found] = await owner.run(`SELECT to_regclass('${contextKeys}') IS NOT NULL AS keys`);
  if (found?.keys) await owner.run(`UPDATE ${contextKeys} SET place = ''`);
}

interface Row {
  readonly id: number;
  readonly identity: string;
  readonly check: string;
  readonly isHere: boolean;
  /** The two pads, as hex digits: with them the database verifies. */
  readonly pads: string;
}

const rowsOf = async (owner: Owner): Promise<readonly Row[]> =>
  (
    await owner.run(
      `SELECT id, identity::text AS identity, check_value, place = ${place} AS is_here,
        encode(inner_pad, 'hex') || encode(outer_pad, 'hex') AS pads FROM ${contextKeys} ORDER BY id`,
    )
  ).map(({ id, identity, check_value, is_here, pads: both }) => ({
    id: Number(id),
    identity: String(identity),
    check: String(check_value),
    isHere: is_here === true,
    pads: String(both),
  }));

// the check value alone can be copied from another row
const isMadeFrom = ({ identity, check, pads: both }: Row, scopeKey: string): boolean => {
  const key = contextKey(scopeKey, identity);
  const { inner, outer } = pads(key);
  return checkValue(key) === check && Buffer.concat([inner, outer]).toString('hex') === both;
};

const rowOf = (rows: readonly Row[], scopeKey: string): Row | undefined =>
  rows.find((row) => isMadeFrom(row, scopeKey));

const otherThan = (rows: readonly Row[], scopeKeys: readonly string[]): readonly Row[] =>
  rows.filter((row) => !scopeKeys.some((each) => isMadeFrom(row, each)));

const add = async (owner: Owner, scopeKey: string, rows: readonly Row[]): Promise<void> => {
  const identity = randomUUID();
  const key = contextKey(scopeKey, identity);
  const { inner, outer } = pads(key);
  const id = 1 + Math.max(0, ...rows.map((row) => row.id));
  await owner.run(
    `INSERT INTO ${contextKeys} (id, identity, place, inner_pad, outer_pad, check_value) VALUES ($1, $2, ${place}, $3, $4, $5)`,
    [id, identity, inner, outer, checkValue(key)],
  );
};

const removeAllBut = (owner: Owner, ids: readonly number[]): Promise<unknown> =>
  owner.run(`DELETE FROM ${contextKeys} WHERE NOT id = ANY ($1::integer[])`, [`{${ids.join(',')}}`]);

// with a key, what does not verify would still count as verified
const assertVerifying = async (owner: Owner): Promise<void> => {
  const found = (await owner.run(trustsSettings)).map((row) => String(row.found));
  if (found.length === 0) return;
  throw new AshlarError('scope-key-early', {
    message:
      'This database gets no key yet: objects of an earlier release would trust scope and actor all the same.',
    detail: `They read settings, which SQL of a session can change: ${found.join(', ')}.`,
    suggestion:
      'Write the step that replaces them (`ashlar migrate new NAME`), and run `ashlar up` with it and SCOPE_KEY.',
  });
};

/** Writes the keys with which a PostgreSQL database verifies actor and scope of sessions. */
export const postgresContextKeys: ContextKeys = {
  unexplained: async (owner, scopeKeys) => {
    // where only the application's URL is known, its role may not read them
    const [found] = await owner.run(
      `SELECT to_regclass('${contextKeys}') IS NOT NULL AND has_table_privilege(to_regclass('${contextKeys}'), 'SELECT') AS keys`,
    );
    if (!found?.keys) return [];
    const rows = await rowsOf(owner);
    if (scopeKeys.length > 0)
      return otherThan(rows, scopeKeys).map(
        ({ id }) =>
          `the key ${id} verifies scopes, and is neither SCOPE_KEY nor NEW_SCOPE_KEY (\`ashlar key rotate scope --finish\` removes all but SCOPE_KEY)`,
      );
    return rows.length < 2
      ? []
      : [`${rows.length} keys verify scopes: without SCOPE_KEY it is not known whose they are`];
  },
  install: (owner, scopeKey, next) =>
    owner.atomically(async () => {
      const rows = await rowsOf(owner);
      const own = rowOf(rows, scopeKey);
      if (rows.length > 0 && !own) throw scopeKeyError('key-wrong');
      if (own?.isHere)
        return otherThan(rows, [scopeKey, ...(next === undefined ? [] : [next])]).length > 0
          ? 'unexplained'
          : 'unchanged';
      if (!own) await assertVerifying(owner);
      await add(owner, scopeKey, rows);
      if (!own) return 'written';
      await owner.run(`DELETE FROM ${contextKeys} WHERE place <> ${place}`);
      return 'bound';
    }),
  add: (owner, scopeKey, next) =>
    owner.atomically(async () => {
      const rows = await rowsOf(owner);
      if (!rowOf(rows, scopeKey)) throw scopeKeyError('key-wrong');
      if (!rowOf(rows, next)) await add(owner, next, rows);
    }),
  keepOnly: (owner, scopeKey) =>
    owner.atomically(async () => {
      const rows = await rowsOf(owner);
      const own = rowOf(rows, scopeKey);
      if (!own) throw scopeKeyError('key-wrong');
      await removeAllBut(owner, [own.id]);
      return rows.length - 1;
    }),
};
