import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wills } from '@ashlar/wills';
import { connect } from 'ashlar';
import { ashlar } from './command.js';
import { did, found, say } from './output.js';
import type { Place } from './summary.js';

// key pairs: FILE.key signs, FILE.pub verifies
const [first, next] = [join('data', 'ledger'), join('data', 'ledger-next')];
const handover = `${next}.handover`;
const proof = join('data', 'row.proof');
const verifier = fileURLToPath(import.meta.resolve('ashlar/verifier'));

/** Signs checkpoints of the ledgers with a key outside the databases, and verifies the ledgers against them. */
export async function signLedgers(urls: Readonly<Record<string, string>>): Promise<void> {
  process.env.LEDGER_CHECKPOINTS = join('data', 'checkpoints');
  if (!existsSync(`${first}.key`))
    await ashlar('ledger', 'key', 'new', '--name', 'demo.example', '--out', first);
  process.env.LEDGER_KEY_FILE = `${existsSync(handover) ? next : first}.key`;
  // the first key stays trusted for its checkpoints after a rotation
  process.env.LEDGER_PUBLIC_KEY = publicKey(first);
  for (const [system, url] of Object.entries(urls)) {
    await ashlar('ledger', 'checkpoint', '--system', system, '--url', url);
    await ashlar('ledger', 'verify', '--full', '--system', system, '--url', url);
  }
}

/** Exports an inclusion proof of one row and checks it with the standalone verifier. */
export async function showInclusionProof(url: string): Promise<void> {
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
  const result = execFileSync(process.execPath, [verifier, 'proof', proof, ...keys], { encoding: 'utf8' });
  did('checked by the verifier, which needs neither Ashlar nor the database:');
  say(result.trimEnd().replaceAll(/^/gm, '    '));
}

/** Rotates the signing key, once. The old key signs the handover, so that its verifiers can trust the new key. */
export async function rotateSigner({ system, url }: Place): Promise<void> {
  if (existsSync(handover)) {
    found('the rotated signing key');
    return;
  }
  if (!existsSync(`${next}.key`))
    await ashlar('ledger', 'key', 'new', '--name', 'demo.example/next', '--out', next);
  const to = ['--new-key-file', `${next}.key`, '--out', handover];
  await ashlar('key', 'rotate', 'signer', '--system', system, '--url', url, ...to);
  await ashlar('ledger', 'key', 'accept', handover);
  process.env.LEDGER_KEY_FILE = `${next}.key`;
}

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
