import { openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines, type Place } from '../../../../test/support/engines.js';
import { makeProject, type Project } from './cli.js';

const config = (
  guarantees: string,
) => `import { auditTrail, audited, legalHolds, partitioned, retained } from '${import.meta.resolve('ashlar/guarantees')}';
const { createdAt, primaryKey, references } = ashlar;
const trail = auditTrail('trail');
const parents = table('parents', { id: id(), at: createdAt() }, (c) => [audited({ into: trail }), retained(c.at, { for: { years: 1 }, reason: 'law' })]);
const letters = table('letters', { id: id(), at: createdAt(), parent_id: z.uuid() }, (c) => [${guarantees}]);
export default { systems: [system('shop', { tables: { trail, holds: legalHolds('holds'), parents, letters }, migrations: new URL('./migrations/', import.meta.url) })] };`;
const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

// the command line runs in a process of its own, which a database in memory would not outlive
describe.each(engines.filter(({ name }) => name === 'sqlite' || name === 'postgres'))(
  'ashlar partitions and ashlar retention on $name',
  (engine) => {
    let project: Project;
    let place: Place;
    beforeEach(async () => {
      project = await makeProject();
      place = await engine.place();
    });
    afterEach(async () => {
      await project.remove();
      await place.remove();
    });

    const fill = async (...statements: string[]) => {
      const open = await openEngine({ url: place.url });
      await open.asOwner((owner) =>
        owner.atomically(async () => {
          for (const sql of statements) await owner.run(sql);
        }),
      );
      await open.close();
    };
    const ashlar = (...args: string[]) => project.ashlar([...args, '--url', place.url]);
    const json = (...args: string[]) => project.json([...args, '--url', place.url]);

    it('list, ensure and purge', async () => {
      await project.configure(
        config(
          `primaryKey(c.id, c.at), partitioned(c.at, { by: 'month', ahead: 3 }), retained(c.at, { for: { years: 1 }, reason: 'law' })`,
        ),
      );
      await project.ashlar(['migrate', 'new', 'initial']);
      expect(await ashlar('up')).toMatchObject({ code: 0 });
      const list = await ashlar('partitions', 'list');
      expect(list).toMatchObject({ code: 0 });
      expect(list.stdout).toContain(engine.name === 'postgres' ? 'letters_default' : 'no partitions');
      expect(await ashlar('partitions', 'ensure')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('nothing to do'),
      });
      const old = `'2020-01-05T00:00:00.000Z'`;
      await fill(`INSERT INTO letters (id, at, parent_id) VALUES ('${id(1)}', ${old}, '${id(9)}')`);
      await fill(`INSERT INTO parents (id, at) VALUES ('${id(8)}', ${old})`);
      expect(await json('retention', 'list')).toMatchObject({
        code: 0,
        document: {
          tables: [
            { system: 'shop', table: 'parents', column: 'at', period: { years: 1 }, reason: 'law', due: 1 },
            { table: 'letters', period_text: '1 year', due: 1, held: 0, stuck: 0 },
          ],
        },
      });
      expect((await ashlar('retention', 'list')).stdout).toMatch(/^letters +1 year +at +law +1 +0 +0$/m);
      expect((await ashlar('retention', 'purge', '--dry-run')).stdout).toContain(
        'letters: 1 row would be purged',
      );
      const purged = await ashlar('retention', 'purge');
      expect(purged.stdout).toContain('letters: 1 row purged');
      // a table without partitions too
      expect(purged.stdout).toContain('parents: 1 row purged');
      expect(await json('retention', 'purge')).toMatchObject({
        code: 0,
        document: { systems: [{ dry_run: false, purged: [], held: {}, stuck: {} }] },
      });
      expect(await project.ashlar(['migrate', 'check'])).toMatchObject({ code: 0 });
    });

    it('purge exits 1 where expired rows cannot be purged', async () => {
      await project.configure(config('references(c.parent_id, parents.columns.id)'));
      await project.ashlar(['migrate', 'new', 'initial']);
      await ashlar('up');
      const old = `'2020-01-05T00:00:00.000Z'`;
      await fill(
        `INSERT INTO parents (id, at) VALUES ('${id(9)}', ${old})`,
        `INSERT INTO letters (id, parent_id) VALUES ('${id(1)}', '${id(9)}')`,
      );
      expect(await json('retention', 'list')).toMatchObject({
        document: { tables: [{ table: 'parents', due: 0, held: 0, stuck: 1 }] },
      });
      const ended = await ashlar('retention', 'purge');
      expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining('nothing to purge') });
      expect(ended.stderr).toContain('could not be purged');
    });
  },
);
