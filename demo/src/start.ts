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
import { runDocuvault } from './docuvault.js';
import { runExperts } from './experts.js';
import { rotateColumnKey, rotateDatabaseKey, useColumnKeys, useDatabaseKey } from './keys.js';
import { rotateSigner, showInclusionProof, signLedgers } from './ledger.js';
import { heading, say } from './output.js';
import { shipCalifornia } from './shipping.js';
import { runSophia } from './sophia.js';
import { summarise } from './summary.js';
import { runWills } from './wills.js';

const urls = {
  shipping: `sqlite:${join('data', 'shipping.db')}`,
  wills: `pglite:${join('data', 'wills')}`,
  experts: `sqlite:${join('data', 'experts.db')}`,
  sophia: `sqlcipher:${join('data', 'sophia.db')}`,
  docuvault: `pglite:${join('data', 'docuvault')}`,
};

const withSystem = async <D extends { close(): Promise<void> }>(
  connecting: Promise<D>,
  work: (db: D) => Promise<void>,
) => {
  const db = await connecting;
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

  heading('wills · consent, clauses and an event log, on embedded Postgres');
  await ashlar('up', '--system', 'wills', '--url', urls.wills);
  await withSystem(connect(wills, { url: urls.wills }), runWills);

  heading('docuvault · documents of many users, with their bytes in files, on embedded Postgres');
  await ashlar('up', '--system', 'docuvault', '--url', urls.docuvault);
  useColumnKeys();
  const { columnKeys } = settings();
  await withSystem(connect(docuvault, { url: urls.docuvault, columnKeys }), runDocuvault);

  heading('experts · a chat’s log and its leads, on SQLite, initialised when the service starts');
  await withSystem(openExperts({ url: urls.experts, allowOwner: true }), runExperts);

  heading('sophia · client dossiers and voices, on an encrypted file');
  const dossiers = { system: 'sophia', url: urls.sophia };
  await useDatabaseKey(dossiers);
  await ashlar('up', '--system', 'sophia', '--url', urls.sophia);
  await withSystem(
    connect(sophia, { url: urls.sophia, key: settings().databaseKey, columnKeys: settings().columnKeys }),
    runSophia,
  );

  heading('Ledgers: signed, verified, and proven to a third party');
  await signLedgers({
    shipping: urls.shipping,
    wills: urls.wills,
    sophia: urls.sophia,
    docuvault: urls.docuvault,
  });
  await showInclusionProof(urls.wills);

  heading('A backup, verified by restoring it');
  const backup = await makeBackup(dossiers);

  heading('All keys rotated: of the file, of columns, of the signer');
  await rotateDatabaseKey(dossiers);
  await rotateColumnKey({ system: 'docuvault', url: urls.docuvault });
  await rotateSigner(dossiers);

  heading('The earlier backup, restored under the current key');
  await restoreBackup(dossiers, backup);

  heading('Every guarantee attacked, and a summary');
  await summarise(Object.entries(urls).map(([system, url]) => ({ system, url })));
  say('\nAll data is in ./data. A second run keeps the existing data and rotates the keys again.');
} catch (error) {
  const { message, detail, suggestion } = error as AshlarError;
  process.stderr.write(`${[message, detail, suggestion].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
}
