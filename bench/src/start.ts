import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { connect, system } from 'ashlar';
import { median } from './measure.js';
import { order, orders } from './tables.js';

const execute = promisify(execFile);
const moduleOf = (specifier: string): string => JSON.stringify(import.meta.resolve(specifier));

/** Programs that open a file and read one row. Both print the memory that they have taken, in MiB. */
const programs = (path: string, id: string) => {
  const file = JSON.stringify(path);
  const end = 'process.stdout.write(String(process.memoryUsage().rss / 2 ** 20));';
  return {
    peer: `
      const { default: Driver } = await import(${moduleOf('better-sqlite3-multiple-ciphers')});
      const db = new Driver(${file});
      for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON']) db.pragma(pragma);
      const row = db.prepare('SELECT * FROM orders WHERE id = ?').get('${id}');
      if (JSON.parse(row.items).length !== 2) throw new Error('another row');
      ${end}
      db.close();`,
    ours: `
      const { connect, system } = await import(${moduleOf('ashlar')});
      const { orders } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'tables.js')).href)});
      const bench = system('bench', { tables: { orders }, migrations: new URL('file:///none/') });
      const db = await connect(bench, { url: 'sqlite:' + ${file} });
      const row = await db.get(orders, '${id}');
      if (row.items.length !== 2) throw new Error('another row');
      ${end}
      await db.close();`,
  };
};

/** Measures processes that start, open a SQLite file and read one row: their time and their memory. */
export async function startFigures(rounds: number, print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-bench-'));
  try {
    const path = join(folder, 'ashlar.db');
    const bench = system('bench', { tables: { orders }, migrations: new URL('file:///none/') });
    const db = await connect(bench, { url: `sqlite:${path}`, migrations: 'ignore' });
    await db.engine.asOwner((owner) => owner.script(db.engine.dialect.createTable(orders).join(';\n')));
    const { id } = await db.insert(orders, order(1));
    await db.close();

    const sides = Object.entries(programs(path, id));
    for (const [side, source] of sides) await writeFile(join(folder, `${side}.mjs`), source);
    const taken: Record<string, { times: number[]; memory: number[] }> = {};
    for (let round = 0; round <= rounds; round++) {
      for (const [side] of round % 2 ? sides : sides.toReversed()) {
        const start = performance.now();
        const { stdout } = await execute(process.execPath, [join(folder, `${side}.mjs`)]);
        const time = performance.now() - start;
        taken[side] ??= { times: [], memory: [] };
        if (round === 0) continue;
        taken[side].times.push(time);
        taken[side].memory.push(Number(stdout));
      }
    }
    const { peer, ours } = taken;
    if (!peer || !ours) return;
    const ratios = ours.times.map((time, at) => time / (peer.times[at] ?? Number.NaN));
    const figure = (value: number): string => `${Math.round(value)}`;
    print(
      'start to the first row, SQLite'.padEnd(52) +
        ` ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}) × the time` +
        `   raw ${figure(median(peer.times))} ms, ${figure(median(peer.memory))} MiB` +
        `   ashlar ${figure(median(ours.times))} ms, ${figure(median(ours.memory))} MiB`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
