import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { quotaOf, sweep } from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { inspect, type OpenVault, openVault, someUser, store, type TestUser } from './support.js';

const worker = fileURLToPath(new URL('./upload-worker.mjs', import.meta.url));
const [size, room] = [1_000, 40];

describe.each(engines)('64 concurrent uploads with space for 40 on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  it('succeed 40 times and fail 24 times with quota-exceeded', async () => {
    const user = await someUser(open.db, room * size);
    const ended = await Promise.allSettled(
      Array.from({ length: 64 }, (_, n) => store(open.vault, user, String(n % 50).padStart(size, '.'))),
    );
    const errors = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(errors).toHaveLength(24);
    for (const error of errors)
      expect(error).toMatchObject({
        code: 'quota-exceeded',
        message: expect.stringMatching(/of 40000 bytes/),
      });
    expect(await open.db.read((s) => quotaOf(s, user))).toMatchObject({ used_bytes: room * size });
    const { wrongQuotas, referenced, files } = await inspect(open);
    expect(wrongQuotas).toEqual([]);
    expect(files).toEqual(referenced);
    expect(await sweep(open.vault)).toEqual({ abandoned: 0, unreferenced: [], missing: [], adopted: 0 });
  });
});

// another process can open only these: PGlite allows one process, and SQLCipher locks as SQLite does
const shared = engines.filter(({ name }) => name === 'sqlite' || name === 'postgres');

describe.each(shared)('uploads whose process is killed with SIGKILL on $name', (engine) => {
  let open: OpenVault;
  let user: TestUser;
  beforeAll(async () => {
    open = await openVault(engine);
    user = await someUser(open.db, room * size);
  });
  afterAll(() => open.remove());

  /** Runs the upload worker, kills it after `fatal` finished uploads, and returns the results of those uploads. */
  const uploads = async (fatal = Number.POSITIVE_INFINITY): Promise<string[]> => {
    const child = spawn(process.execPath, [worker, open.place.url, open.folder, user.login_token], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const codes: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      codes.push(line);
      if (codes.length === fatal) child.kill('SIGKILL');
    }
    await ended;
    if (fatal < 64) expect(child.signalCode).toBe('SIGKILL');
    return codes;
  };

  it('leave no unreferenced bytes after a sweep, and fill the quota exactly after a restart', {
    timeout: 60_000,
  }, async () => {
    for (const fatal of [1, 6, 12]) {
      await uploads(fatal);
      const { unreferenced, missing } = await sweep(open.vault, { all: true });
      expect(missing).toEqual([]);
      const { wrongQuotas, referenced, files } = await inspect(open);
      expect(wrongQuotas, `${unreferenced.length} were swept`).toEqual([]);
      expect(files).toEqual(referenced);
    }
    const { used_bytes } = await open.db.read((s) => quotaOf(s, user));
    const codes = await uploads();
    const left = room - used_bytes / size;
    expect(codes.filter((code) => code === 'stored')).toHaveLength(left);
    // a fast process may have filled the quota before it was killed
    expect(new Set(codes)).toEqual(new Set([...(left > 0 ? ['stored'] : []), 'quota-exceeded']));
    expect(await sweep(open.vault)).toEqual({ abandoned: 0, unreferenced: [], missing: [], adopted: 0 });
    const { wrongQuotas, referenced, files } = await inspect(open);
    expect(wrongQuotas).toEqual([]);
    expect(files).toEqual(referenced);
    expect(await open.db.read((s) => quotaOf(s, user))).toMatchObject({ used_bytes: room * size });
  });
});
