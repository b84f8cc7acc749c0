import { connect } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin, engines, server } from '../../../../test/support/engines.js';
import { databaseOf, freshRoles, makeUser } from '../../../../test/support/users.js';
import { isAshlarError } from '../../src/errors.js';
import { up } from '../../src/migrations/index.js';
import { move } from '../../src/move/index.js';
import { failuresOf } from '../../src/prove/index.js';
import type { Folder } from '../migrations/folder.js';
import { type Depot, fillDepot, makeDepot } from './depot.js';

const sources = engines.filter(({ name }) => name === 'sqlite');
const pairs = sources.flatMap((from) =>
  server.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })),
);

describe.each(pairs)('move $name by an owner who may not make roles', ({ from, to }) => {
  let depot: Depot;
  let folder: Folder;
  beforeAll(async () => {
    ({ system: depot, folder } = await makeDepot());
  });
  afterAll(() => folder.remove());

  test('ends before a row is copied, with the SQL for a DBA; then goes on', async () => {
    const places = [await from.place(), await to.place()] as const;
    const owner = await makeUser('owner');
    const roles = freshRoles();
    await asAdmin(`ALTER DATABASE ${databaseOf(places[1])} OWNER TO ${owner.name}`);
    const db = await connect(depot, { url: places[0].url, migrations: 'ignore' });
    const target = await openEngine({ url: owner.at(places[1], 'shop'), appRole: roles.app });
    try {
      await up(db.engine, depot);
      await fillDepot(db, 10);
      const error = await move(db.engine, target, [depot], { roles }).catch((thrown: unknown) => thrown);
      if (!isAshlarError(error, 'role-missing')) throw error;
      expect(error.detail).toContain(`CREATE ROLE ${roles.app}`);
      const dba = new pg.Client(places[1].url);
      await dba.connect();
      await dba.query(error.detail ?? '').finally(() => dba.end());
      const report = await move(db.engine, target, [depot], { roles });
      expect(report).toMatchObject({ resumed: true, complete: false });
      expect(report.reports.flatMap(failuresOf)).toEqual([]);
    } finally {
      await db.close();
      await target.close();
      for (const place of places) await place.remove();
      for (const role of [roles.app, roles.auditor, owner.name]) await asAdmin(`DROP ROLE IF EXISTS ${role}`);
    }
  });
});
