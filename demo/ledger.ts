import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'ashlar';
import { wills } from 'ashlar/systems/wills';
import { ashlar } from './command.js';
import { did, say } from './output.js';

const key = join('data', 'ledger');
const proof = join('data', 'row.proof');
const verifier = fileURLToPath(import.meta.resolve('ashlar/verifier'));

/** Signs the ledgers' heads with a key that lies outside the databases, and verifies them against what was signed. */
export const keepLedgers = async (urls: Readonly<Record<string, string>>): Promise<void> => {
  process.env.LEDGER_CHECKPOINTS = join('data', 'checkpoints');
  if (!existsSync(`${key}.key`)) await ashlar('audit', 'key', 'new', '--name', 'demo.example', '--out', key);
  process.env.LEDGER_KEY_FILE = `${key}.key`;
  for (const [system, url] of Object.entries(urls)) {
    await ashlar('audit', 'checkpoint', '--system', system, '--url', url);
    await ashlar('audit', 'verify', '--full', '--system', system, '--url', url);
  }
};

/** Takes one row of the audit trail out as a proof, and lets the verifier that stands alone check it. */
export const showProof = async (url: string): Promise<void> => {
  const row = await oldestEvent(url);
  rmSync(proof, { force: true });
  await ashlar(
    'audit',
    'proof',
    JSON.stringify(row),
    '--table',
    'audit_logs',
    '--system',
    'wills',
    '--url',
    url,
    '--out',
    proof,
  );
  const verifierKey = readFileSync(`${key}.pub`, 'utf8').trim();
  const verdict = execFileSync(process.execPath, [verifier, 'proof', proof, '--key', verifierKey], {
    encoding: 'utf8',
  });
  did('checked by a verifier that needs neither Ashlar nor the database:');
  say(verdict.trimEnd().replaceAll(/^/gm, '    '));
};

const oldestEvent = async (url: string): Promise<readonly [string, string]> => {
  const db = await connect(wills, { url });
  try {
    const { id, created_at } = await db.read((s) =>
      s.query
        .selectFrom('audit_logs')
        .select(['id', 'created_at'])
        .orderBy('created_at')
        .orderBy('id')
        .executeTakeFirstOrThrow(),
    );
    return [id, created_at];
  } finally {
    await db.close();
  }
};
