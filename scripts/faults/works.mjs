// The works whose power fails. Each tells what it was promised, after the promise.
import { order } from '../../packages/ashlar/test/backup/shop.mjs';
import { connectTo, urlOf } from './project.mjs';
import { scenarios } from './scenarios.mjs';

const ofScenario = (name) => ({
  fixture: scenarios[name].fixture,
  work: async (context, folder, promise) => {
    const { code, stderr } = await scenarios[name].work(context, folder);
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`);
    promise('done');
  },
});

/** The works by name. */
export const works = {
  'power: sessions': {
    fixture: 'sqlcipher',
    work: async ({ first }, folder, promise, durability = 'full') => {
      const db = await connectTo(first, urlOf(folder), { durability });
      for (let n = 0; n < 60; n++) {
        await order(db, [`power ${n} ${'x'.repeat(n % 10 === 0 ? 40_000 : 300)}`]);
        promise(`power ${n}`);
        if (n % 20 !== 19) continue;
        await db.engine.seal();
        // the log is moved into the file, as it is from time to time
        await db.engine.asOwner(({ run }) => run('PRAGMA wal_checkpoint(PASSIVE)'));
      }
      await db.close();
    },
  },
  ...Object.fromEntries(
    [
      'up with a step',
      'backup create',
      'backup prune',
      'backup restore --replace',
      'key rotate database',
      'backup restore --replace (pglite)',
    ].map((name) => [`power: ${name}`, ofScenario(name)]),
  ),
};
