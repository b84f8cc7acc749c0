import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from 'ashlar';
import { restoreBackup, verifyBackup } from 'ashlar/backup';
import { openEngine } from 'ashlar/extend';
import {
  acceptHandover,
  parsePrivateKey,
  readCheckpoint,
  verifyConsistencyProof,
  verifyInclusionProof,
} from 'ashlar/ledger';
import { describe, expect, test } from 'vitest';
import { engines, type Place } from '../../../../test/support/engines.js';
import { parseManifest } from '../../src/backup/manifest.js';
import { upWith } from '../../src/migrations/up.js';
import * as verifier from '../../verifier/ashlar-verify.mjs';
import { bodies } from './1/system.mjs';
import { backup, formats, office, oldClient } from './frozen.js';
import { raised } from './raised.mjs';

const { signing, next } = formats.keys;
const keys = [signing.publicKey];

describe.each(['sqlite', 'postgres'] as const)('what version 1 wrote on %s', (dialect) => {
  const { checkpoint, later, proof, consistency } = formats[dialect];

  test('checkpoints are read', () => {
    expect(readCheckpoint(checkpoint, keys)).toMatchObject({ origin: 'office/letters', size: bodies.length });
    expect(readCheckpoint(later, keys).size).toBeGreaterThan(bodies.length);
  });

  test('inclusion proofs are verified, here and without Ashlar', () => {
    const expected = { position: 0, row: { body: bodies[0] } };
    const { entry, ...proven } = verifyInclusionProof(proof, keys) as unknown as Record<string, unknown>;
    expect({ ...proven, ...(entry as object) }).toMatchObject(expected);
    expect(verifier.verifyProofFile(Buffer.from(proof), keys)).toMatchObject(expected);
  });

  test('consistency proofs are verified, here and without Ashlar', () => {
    expect(() => verifyConsistencyProof(checkpoint, consistency, keys)).not.toThrow();
    expect(
      verifier.verifyConsistencyFile(Buffer.from(checkpoint), Buffer.from(consistency), keys),
    ).toMatchObject({ origin: 'office/letters', from: bodies.length });
  });
});

test('private keys and handovers of version 1 are read', () => {
  expect(parsePrivateKey(new Secret(signing.key)).verifierKey).toBe(signing.publicKey);
  expect(acceptHandover(formats.handover, keys)).toBe(next.publicKey);
});

test('a manifest of version 1 is read', async () => {
  const text = await readFile(join(backup.folder, `${backup.name}.json`), 'utf8');
  expect(parseManifest(text)).toMatchObject({ name: backup.name, rows: { letters: bodies.length } });
});

describe.each(engines.filter(({ name }) => name === 'sqlite'))('a backup of version 1 on $name', (kind) => {
  test('is verified and restored, and a newer release upgrades the restored database', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-frozen-'));
    const place: Place = await kind.place();
    // the verification writes its mark beside the backup
    await cp(backup.folder, folder, { recursive: true });
    const options = { folder, keys: { key: new Secret(backup.key) } };
    await verifyBackup(backup.name, [office], options);
    await restoreBackup(backup.name, [office], {
      ...options,
      to: { url: place.url },
    });
    const engine = await openEngine({ url: place.url });
    const seen: string[] = [];
    await upWith(raised(engine.dialect), engine, office, {
      onVersion: ({ version }) => seen.push(version),
    });
    expect(seen).toEqual(['0002_context_and_words', '0003_expanded']);
    const client = await oldClient(kind, place, engine);
    await client.run();
    await client.close();
    const [row] = await engine.asOwner((owner) => owner.run('SELECT count(*) AS n FROM letters'));
    expect(Number(row?.n)).toBe(bodies.length + 1);
    await engine.close();
    await place.remove();
    await rm(folder, { recursive: true });
  });
});
