import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { docuvault } from '@ashlar/docuvault';
import { openExperts } from '@ashlar/experts';
import { shipping } from '@ashlar/shipping';
import { sophia } from '@ashlar/sophia';
import { wills } from '@ashlar/wills';
import { type AshlarError, connect, settings } from 'ashlar';
import { makeBackup, restoreBackup } from './backups.js';
import { ashlar } from './command.js';
import { keepDocuments } from './docuvault.js';
import { keepLog } from './experts.js';
import { rotateColumnKey, rotateDatabaseKey, useColumnKeys, useDatabaseKey } from './keys.js';
import { handOver, keepLedgers, showProof } from './ledger.js';
import { heading, say } from './output.js';
import { shipCalifornia } from './shipping.js';
import { keepSophia } from './sophia.js';
import { summarise } from './summary.js';
import { keepWills } from './wills.js';

const urls = {
  shipping: `sqlite:${join('data', 'shipping.db')}`,
  wills: `pglite:${join('data', 'wills')}`,
  experts: `sqlite:${join('data', 'experts.db')}`,
  sophia: `sqlcipher:${join('data', 'sophia.db')}`,
  docuvault: `pglite:${join('data', 'docuvault')}`,
};

const withSystem = async <D extends { close(): Promise<void> }>(
  opening: Promise<D>,
  work: (db: D) => Promise<void>,
) => {
  const db = await opening;
  try {
    await work(db);
  } finally {
    await db.close();
  }
};

try {
  await mkdir('data', { recursive: true });
  heading('shipping · a spreadsheet becomes a batch job, on SQLite');
  await ashlar('up', '--system', 'shipping', '--url', urls.shipping);
  await withSystem(connect(shipping, { url: urls.shipping }), shipCalifornia);

  heading('wills · consent, clauses and an audit trail, on embedded Postgres');
  await ashlar('up', '--system', 'wills', '--url', urls.wills);
  await withSystem(connect(wills, { url: urls.wills }), keepWills);

  heading('docuvault · documents of many users, their bytes beside the database, on embedded Postgres');
  await ashlar('up', '--system', 'docuvault', '--url', urls.docuvault);
  useColumnKeys();
  const { columnKeys } = settings();
  await withSystem(connect(docuvault, { url: urls.docuvault, columnKeys }), keepDocuments);

  heading('experts · a chat’s log and its leads, on SQLite, made when the service starts');
  await withSystem(openExperts({ url: urls.experts }), keepLog);

  heading('sophia · client dossiers and voices, on an encrypted file');
  const dossiers = { system: 'sophia', url: urls.sophia };
  await useDatabaseKey(dossiers);
  await ashlar('up', '--system', 'sophia', '--url', urls.sophia);
  await withSystem(connect(sophia, { url: urls.sophia, key: settings().databaseKey }), keepSophia);

  heading('Ledgers: signed, verified, and shown to somebody else');
  await keepLedgers({
    shipping: urls.shipping,
    wills: urls.wills,
    sophia: urls.sophia,
    docuvault: urls.docuvault,
  });
  await showProof(urls.wills);

  heading('A backup that is known to restore');
  const backup = await makeBackup(dossiers);

  heading('Every key changed: of the file, of columns, of whoever signs');
  await rotateDatabaseKey(dossiers);
  await rotateColumnKey({ system: 'docuvault', url: urls.docuvault });
  await handOver(dossiers);

  heading('The backup from before, restored under the key of today');
  await restoreBackup(dossiers, backup);

  heading('Every guarantee attacked, and where things stand');
  await summarise(Object.entries(urls).map(([system, url]) => ({ system, url })));
  say(
    '\nEverything is under ./data. Run it again: what is there already is left as it is, under other keys.',
  );
} catch (error) {
  const { message, detail, suggestion } = error as AshlarError;
  process.stderr.write(`${[message, detail, suggestion].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
}
