import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';

/** What is missing of the objects that keep a system's guarantees, and the triggers that do not always fire. */
export async function missingObjects(engine: Engine, system: SystemFacts): Promise<readonly string[]> {
  const rows = await engine.asOwner((owner) => owner.run(engine.dialect.proving.objects));
  const there = new Map(rows.map(({ type, name, always }) => [`${type} ${name}`, String(always)]));
  const needed = Object.values(system.tables).flatMap((table) =>
    table.guarantees.flatMap((guarantee) => {
      const enforcement = guarantee[engine.dialect.name];
      if (enforcement.level === 'refused') return [];
      const of = `${table.name}, ${guarantee.name}`;
      return enforcement.objects(table).map((object) => ({ of, object }));
    }),
  );
  return needed.flatMap(({ of, object: { type, name, sql } }) => {
    const always = there.get(`${type} ${name}`);
    if (always === undefined) return [`${of}: the ${type} ${name} is missing`];
    const sometimes = sql.includes('ENABLE ALWAYS TRIGGER') && always !== 'yes';
    return sometimes ? [`${of}: the trigger ${name} does not always fire`] : [];
  });
}
