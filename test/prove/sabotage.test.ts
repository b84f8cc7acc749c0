import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlOf } from '../guarantees/world.js';
import { engines } from '../support/engines.js';
import { objectSql, postgresSabotages, type Sabotage, sqliteSabotages, systemNamed } from './sabotages.js';
import { bringUp, type Proven } from './support.js';

const all = { sqlite: sqliteSabotages, postgres: postgresSabotages };

it('are twenty and more on each kind of engine', () => {
  for (const sabotages of Object.values(all)) expect(sabotages.length).toBeGreaterThanOrEqual(20);
});

describe.each(engines)('a proof on $name names what the owner did', (engine) => {
  const dialect = sqlOf(engine);
  const open = new Map<string, Proven>();
  beforeAll(async () => {
    for (const name of ['wills', 'shipping'] as const)
      open.set(name, await bringUp(engine, systemNamed(name)));
  });
  afterAll(async () => {
    for (const proven of open.values()) await proven.close();
  });
  const of = ({ system = 'wills' }: Sabotage): Proven => {
    const proven = open.get(system);
    if (!proven) return expect.unreachable();
    return proven;
  };
  const putRight = async (sabotage: Sabotage): Promise<void> => {
    const { engine: opened, system } = of(sabotage);
    const { undo } = sabotage;
    const statements =
      'remake' in undo
        ? [...undo.remake.flatMap((name) => objectSql(system, dialect, name)), ...(undo.also ?? [])]
        : undo;
    await opened.asOwner(async (owner) => {
      for (const sql of statements) {
        if (sql.startsWith('CREATE FUNCTION')) await owner.script(sql.replace('CREATE', 'CREATE OR REPLACE'));
        else {
          const [, name = ''] = /^CREATE TRIGGER (?:IF NOT EXISTS )?(\w+)/.exec(sql) ?? [];
          if (name && dialect === 'sqlite') await owner.script(`DROP TRIGGER IF EXISTS ${name}`);
          await owner.script(sql);
        }
      }
    });
  };

  it.each(all[dialect])('$name', async (sabotage) => {
    for (const sql of sabotage.sql) await of(sabotage).run(sql);
    try {
      expect(await of(sabotage).failures()).toMatch(sabotage.named);
    } finally {
      await putRight(sabotage);
    }
  });

  it('and finds nothing once all is put right', async () => {
    for (const proven of open.values()) expect(await proven.failures()).toBe('');
  });
});
