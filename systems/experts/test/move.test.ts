import { experts, logExchange } from '@ashlar/experts';
import { connect } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { move } from 'ashlar/move';
import { failuresOf } from 'ashlar/prove';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { isAshlarError } from '../../../packages/ashlar/src/errors.js';
import { asAdmin, server, withoutRoles } from '../../../test/support/engines.js';
import { databaseOf, freshRoles, makeUser } from '../../../test/support/users.js';
import { someExchange, startExperts } from './support.js';

const pairs = withoutRoles.flatMap((from) =>
  server.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })),
);

describe.each(pairs)('experts moved $name, whose owner may not make roles', ({ from, to }) => {
  test('go on logging known and new leads at once, as the application', async () => {
    const source = await startExperts(from);
    const place = await to.place();
    const owner = await makeUser('owner');
    const app = await makeUser('app');
    const roles = { ...freshRoles(), app: app.name };
    await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${owner.name}`);
    const target = await openEngine({ url: owner.at(place, 'experts'), appRole: roles.app });
    const log = (db: typeof source.db, email: string) =>
      db.session((s) => logExchange(s, someExchange({ email, query: `asked by ${email}` })));
    try {
      for (const email of ['known@example.org', 'known@example.org', 'other@example.org'])
        await log(source.db, email);
      // the DBA makes the roles that the first run asks for
      const error = await move(source.db.engine, target, [experts], { roles }).catch(
        (thrown: unknown) => thrown,
      );
      if (!isAshlarError(error, 'role-missing')) throw error;
      const dba = new pg.Client(place.url);
      await dba.connect();
      await dba.query(error.detail ?? '').finally(() => dba.end());
      const report = await move(source.db.engine, target, [experts], { roles });
      expect(report.reports.flatMap(failuresOf)).toEqual([]);
      const db = await connect(experts, { url: app.at(place, 'experts') });
      try {
        const ids = [];
        for (const email of ['known@example.org', 'new@example.org']) ids.push((await log(db, email)).id);
        expect(ids).toEqual([4, 5]);
        const leads = await db.read((s) =>
          s.query.selectFrom('leads').select('email').orderBy('email').execute(),
        );
        expect(leads.map(({ email }) => email)).toEqual([
          'known@example.org',
          'new@example.org',
          'other@example.org',
        ]);
      } finally {
        await db.close();
      }
    } finally {
      await target.close();
      await source.remove();
      await place.remove();
      for (const role of [roles.app, roles.auditor, owner.name]) await asAdmin(`DROP ROLE IF EXISTS ${role}`);
    }
  });
});
