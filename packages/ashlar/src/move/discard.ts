import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Roles } from '../contract/roles.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { forgetSql, readHistory } from '../migrations/history.js';
import { ownSystem } from '../migrations/own-system.js';
import { foldedName, identifier, isOwn } from '../model/index.js';
import { grantWhereRolesAre } from '../roles/roles.js';
import { type MarkDetail, readMark, removeMark } from './mark.js';
import { moveRefused } from './refusals.js';

/** What giving up a move has removed, and what it has left. */
export interface DiscardReport {
  /** The tables that were dropped or emptied. */
  readonly removed: readonly string[];
  /** The tables, functions and other objects that somebody else has made since the move began: they stay. */
  readonly left: readonly string[];
}

/** The options of {@link discardMove}. */
export interface DiscardOptions {
  readonly lockTimeout?: number | undefined;
  /** The systems of the project: those that were there before the move get their rights back, which it had revoked. */
  readonly systems?: readonly SystemFacts[] | undefined;
  /** The roles whose rights are given back. Default: `ashlar_app` and `ashlar_auditor`. */
  readonly roles?: Roles | undefined;
}

/**
 * Gives up an unfinished move: removes the rows, and what the move made in its target, in one transaction. Tables that were
 * there before, without rows, stay.
 *
 * @param to - the target, opened as the owner of its schema
 * @returns what was removed, and what others have made there meanwhile, which stays
 * @throws AshlarError `move-refused` if no move into the database is unfinished
 */
export async function discardMove(
  to: Engine,
  { lockTimeout, systems = [], roles }: DiscardOptions = {},
): Promise<DiscardReport> {
  const { dialect } = to;
  return to.bulkWriter(
    ({ owner, lift, empty }) =>
      owner.atomically(async () => {
        const history = await readHistory(owner, dialect);
        const mark = history.length > 0 ? await readMark(owner) : undefined;
        if (!mark) return refuse();
        const { before } = mark.detail;
        const now = await to.introspect(owner);
        const names = new Set(before.schema.tables.map(({ name }) => name));
        const stayed = mark.detail.tables.filter((name) => names.has(name));
        if (stayed.length > 0) {
          await lift(stayed, []);
          await empty(stayed);
        }
        const current = stayed.length > 0 ? await to.introspect(owner) : now;
        const { schema, left } = withoutOthers(current, mark.detail, await full(owner, current, mark.detail));
        const present = new Set(current.tables.map(({ name }) => name));
        // what somebody has dropped since is not made again
        const wanted = {
          ...before.schema,
          tables: before.schema.tables.filter(({ name }) => present.has(name)),
        };
        for (const { up } of dialect.changes(schema, wanted, [], {}))
          for (const statement of up) await owner.script(statement);
        const kept = new Set(before.steps.map((step) => step.join(' ')));
        for (const { system, step } of history)
          if (system !== ownSystem && !kept.has(`${system} ${step}`))
            await owner.script(forgetSql(system, step));
        await removeMark(owner);
        const stays = new Set(before.steps.map(([system]) => system));
        for (const system of systems)
          if (stays.has(system.name)) await grantWhereRolesAre(owner, dialect, system, roles);
        const dropped = schema.tables.map(({ name }) => name).filter((name) => !names.has(name));
        return { removed: [...dropped, ...stayed], left };
      }),
    { lockTimeout },
  );
}

/** The tables with rows among those of which the mark does not say whether the move made them. */
const full = async (
  owner: Owner,
  current: Schema,
  { before, schema, tables }: MarkDetail,
): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  const known = new Set([...tables, ...before.schema.tables.map(({ name }) => name)]);
  for (const { name } of schema ? [] : current.tables)
    if (
      !known.has(name) &&
      (await owner.run(`SELECT 1 AS found FROM ${identifier(name)} LIMIT 1`)).length > 0
    )
      found.add(name);
  return found;
};

/**
 * Returns the schema without what neither the move made nor was there before. Until `up` has ended the mark does not say what its
 * steps make: then a table that is not moved and has rows is somebody else's.
 */
const withoutOthers = (
  current: Schema,
  { before, schema: made, tables }: MarkDetail,
  full: ReadonlySet<string>,
): { readonly schema: Schema; readonly left: readonly string[] } => {
  const left: string[] = [];
  const known = (...lists: readonly (readonly { readonly name: string }[] | undefined)[]) =>
    new Set(lists.flatMap((list) => list ?? []).map(({ name }) => name));
  const kept = <T extends { readonly name: string }>(
    kind: string,
    list: readonly T[],
    isKnown: (name: string) => boolean,
  ): readonly T[] =>
    list.filter(({ name }) => {
      if (isKnown(name)) return true;
      left.push(`${kind} ${name}`);
      return false;
    });
  const ofTables = made
    ? known(before.schema.tables, made.tables)
    : known(
        before.schema.tables,
        current.tables.filter(({ name }) => tables.includes(name) || !full.has(name)),
      );
  const [ofFunctions, ofObjects] = [
    known(before.schema.functions, made?.functions),
    known(before.schema.objects, made?.objects),
  ];
  const schema = {
    ...current,
    tables: kept('the table', current.tables, (name) => ofTables.has(name) || isOwn(foldedName(name))).map(
      (table) => {
        const one = (from: Schema | undefined) => from?.tables.find(({ name }) => name === table.name);
        const [was, is] = [one(before.schema), one(made)];
        // only what somebody added to a table that was there before
        if (!was || !made) return table;
        const part = (kind: string, of: 'indexes' | 'triggers') => {
          const ours = known(was[of], is?.[of]);
          return kept(`the ${kind}`, table[of], (name) => ours.has(name));
        };
        return { ...table, indexes: part('index', 'indexes'), triggers: part('trigger', 'triggers') };
      },
    ),
    functions: made
      ? kept('the function', current.functions, (name) => ofFunctions.has(name))
      : current.functions,
    objects: made ? kept('the object', current.objects, (name) => ofObjects.has(name)) : current.objects,
  };
  return { schema, left };
};

const refuse = (): never => {
  throw moveRefused(['no move into this database is unfinished: there is nothing to discard']);
};
