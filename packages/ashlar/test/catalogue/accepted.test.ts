import { drift, newStep, status } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { checkRoles, rolesSql } from '../../src/roles/roles.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise } from '../prove/support.js';

const { engines, withRoles } = oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(asSystem(folder.url), folder.url, 'initial');
});
afterAll(() => folder.remove());

describe.each(engines)('an object that no step makes, on $name', (engine) => {
  it('is a finding where it could weaken a guarantee, unless the system accepts it with a reason', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      const isServer = database.engine.dialect.name === 'postgres';
      if (isServer) await database.run('CREATE PUBLICATION mirror FOR TABLE letters');
      else await database.run('CREATE TRIGGER mirror AFTER INSERT ON letters BEGIN SELECT 1; END');
      const object = isServer ? 'publication mirror' : 'trigger letters.mirror';
      const remedy = isServer ? 'DROP PUBLICATION mirror' : 'DROP TRIGGER mirror';
      const found = await drift(database.engine, system);
      expect(found).toEqual([expect.stringContaining(`mirror is made by no step (to remove it: ${remedy})`)]);
      const accepting = { ...system, accepts: [{ object, reason: 'The warehouse reads letters.' }] };
      expect(await drift(database.engine, accepting)).toEqual([]);
      const { undeclared, problems } = await status(database.engine, accepting);
      expect(undeclared).toEqual([
        { object, from: 'database', lifts: false, accepted: 'The warehouse reads letters.' },
      ]);
      expect(problems).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it('is named where it weakens nothing', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      await database.run('CREATE INDEX by_hand ON letters (read_at)');
      await database.run('CREATE TABLE apart (id integer)');
      const { undeclared, drift: found } = await status(database.engine, system);
      expect(found).toEqual([]);
      expect(undeclared).toEqual(
        expect.arrayContaining([
          { object: 'index by_hand', from: 'database', lifts: false },
          { object: 'table apart', from: 'database', lifts: false },
        ]),
      );
    } finally {
      await database.close();
    }
  });
});

describe.each(withRoles)('what roles can do, on $name', (engine) => {
  it('is a finding of `roles check` with the statement for a DBA, which `up` does not run', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    const role = `other_${Math.random().toString(36).slice(2, 10)}`;
    try {
      expect(await checkRoles(database.engine, system)).toEqual([]);
      await database.run(`CREATE ROLE ${role}`);
      await database.run(`GRANT SELECT ON clients TO ${role}`);
      expect(await checkRoles(database.engine, system)).toEqual([]);
      const { roles } = await status(database.engine, system);
      expect(roles?.others).toEqual([`${role} has SELECT on clients`]);
      await database.run(`GRANT SELECT ON trail_ledger_entries TO ${role}`);
      await database.run(`GRANT TRUNCATE ON clients TO ${role}`);
      expect(await checkRoles(database.engine, system)).toEqual([
        `${role} has TRUNCATE on clients (to take it: REVOKE TRUNCATE ON clients FROM ${role})`,
        `${role} has SELECT on trail_ledger_entries (to take it: REVOKE SELECT ON trail_ledger_entries FROM ${role})`,
      ]);
      expect(await rolesSql(database.engine, system)).toContain(
        `-- ${role} has TRUNCATE on clients: REVOKE TRUNCATE ON clients FROM ${role}`,
      );
    } finally {
      await database.run(`DROP OWNED BY ${role}`);
      await database.run(`DROP ROLE ${role}`);
      await database.close();
    }
  });

  it('a mark of a provider, which can do nothing, is no finding', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    const role = `mark_${Math.random().toString(36).slice(2, 10)}`;
    try {
      await database.run(`CREATE ROLE ${role}`);
      await database.run(`GRANT ${role} TO ashlar_auditor`);
      expect(await checkRoles(database.engine, system)).toEqual([]);
      await database.run(`GRANT SELECT ON holds TO ${role}`);
      expect(await checkRoles(database.engine, system)).toEqual([
        `ashlar_auditor may act as ${role} (to take it: REVOKE ${role} FROM ashlar_auditor)`,
      ]);
    } finally {
      await database.run(`DROP OWNED BY ${role}`);
      await database.run(`DROP ROLE ${role}`);
      await database.close();
    }
  });
});
