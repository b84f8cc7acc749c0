import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { levelIn, type Table, type Tables } from '../model/index.js';

/** A guarantee that the engine does not fully enforce, with the reason and the tables to which the reason applies. */
export interface WeakerGuarantee {
  readonly guarantee: string;
  readonly level: 'emulated' | 'refused';
  /** The reason, as a sentence: how the guarantee is weaker, or why the engine refuses it. */
  readonly reason: string;
  readonly tables: readonly string[];
}

/** Finds the guarantees that an engine does not fully enforce, each with the tables to which a reason applies. */
export function weakerOf(engine: Engine, system: SystemFacts<Tables>, isAlone: boolean): WeakerGuarantee[] {
  const all = Object.values<Table>(system.tables).flatMap(({ name: table, guarantees }) =>
    guarantees.flatMap((guarantee) => {
      const { level, weaker: reason = '' } = levelIn(engine, guarantee, isAlone);
      return level === 'enforced' ? [] : [{ guarantee: guarantee.name, level, reason, table }];
    }),
  );
  const grouped = new Map<string, WeakerGuarantee>();
  for (const { guarantee, level, reason, table } of all) {
    const key = `${guarantee} ${reason}`;
    const tables = grouped.get(key)?.tables ?? [];
    grouped.set(key, { guarantee, level, reason, tables: [...new Set([...tables, table])] });
  }
  return [...grouped.values()];
}
