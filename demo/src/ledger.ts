import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wills } from '@ashlar/wills';
import { connect } from 'ashlar';
import { ashlar } from './command.js';
import { did, found, say } from './output.js';
import type { Place } from './summary.js';

// a pair each: FILE.key signs, FILE.pub is for everybody
const [first, next] = [join('data', 'ledger'), join('data', 'ledger-next')];
const handover = `${next}.handover`;
const proof = join('data', 'row.proof');
const verifier = fileURLToPath(import.meta.resolve('ashlar/verifier'));

/** Signs the ledgers' heads with a key that lies outside the databases, and verifies them against what was signed. */
export const keepLedgers = async (urls: Readonly<Record<string, string>>): Promise<void> => {
  process.env.LEDGER_CHECKPOINTS = join('data', 'checkpoints');
  if (!existsSync(`${first}.key`))
    await ashlar('ledger', 'key', 'new', '--name', 'demo.example', '--out', first);
  process.env.LEDGER_KEY_FILE = `${existsSync(handover) ? next : first}.key`;
  // what it has signed is believed also when it signs no more
  process.env.LEDGER_PUBLIC_KEY = publicKey(first);
  for (const [system, url] of Object.entries(urls)) {
    await ashlar('ledger', 'checkpoint', '--system', system, '--url', url);
    await ashlar('ledger', 'verify', '--full', '--system', system, '--url', url);
  }
};

/** Takes one row of the audit trail out as a proof, and lets the verifier that stands alone check it. */
export const showProof = async (url: string): Promise<void> => {
  const row = await oldestEvent(url);
  rmSync(proof, { force: true });
  await ashlar(
    'ledger',
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
  const keys = [first, next]
    .filter((key) => existsSync(`${key}.pub`))
    .flatMap((key) => ['--key', publicKey(key)]);
  const verdict = execFileSync(process.execPath, [verifier, 'proof', proof, ...keys], { encoding: 'utf8' });
  did('checked by a verifier that needs neither Ashlar nor the database:');
  say(verdict.trimEnd().replaceAll(/^/gm, '    '));
};

/** Lets another key sign from now on, once, so that whoever trusts the first one can believe it. */
export const handOver = async ({ system, url }: Place): Promise<void> => {
  if (existsSync(handover)) {
    found('the key that signs, which the first one has handed over to');
    return;
  }
  if (!existsSync(`${next}.key`))
    await ashlar('ledger', 'key', 'new', '--name', 'demo.example/next', '--out', next);
  const to = ['--new-key-file', `${next}.key`, '--out', handover];
  await ashlar('key', 'rotate', 'signer', '--system', system, '--url', url, ...to);
  await ashlar('ledger', 'key', 'accept', handover);
  process.env.LEDGER_KEY_FILE = `${next}.key`;
};

const publicKey = (key: string): string => readFileSync(`${key}.pub`, 'utf8').trim();

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
