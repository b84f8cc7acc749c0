import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project.remove());

const sophia = ['--system', 'sophia', '--url', 'pglite:data'];
const key = { SCOPE_KEY_FILE: 'scope.key' };

describe('SCOPE_KEY', () => {
  test('a key is made, given to the database, wanted from then on, and rotated', async () => {
    expect(await project.ashlar(['key', 'new', '--scope'])).toMatchObject({
      code: 0,
      stdout: 'SCOPE_KEY_FILE=scope.key\n',
    });
    const first = await project.ashlar(['up', ...sophia], key);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(first.stdout).toContain('scope and actor of sessions are verified from now on');
    expect((await project.ashlar(['up', '--no-prove', ...sophia], key)).stdout).toContain('nothing to do');

    const levels = async (env: Record<string, string>) => {
      const { document } = await project.json(['status', ...sophia], env);
      const [{ weaker }] = (document as { systems: [{ weaker: { guarantee: string; reason: string }[] }] })
        .systems;
      return weaker.filter(({ guarantee }) => guarantee === 'scoped').map(({ reason }) => reason);
    };
    // PGlite has one user
    expect(await levels(key)).toEqual([
      expect.stringMatching(/^SQL that a session runs can take the rights/),
    ]);

    const proving = ['prove', ...sophia];
    expect(await project.json(proving)).toMatchObject({
      code: 3,
      document: { error: { code: 'scope-key-missing' } },
    });
    expect(await project.json(proving, { SCOPE_KEY: '00'.repeat(32) })).toMatchObject({
      code: 3,
      document: { error: { code: 'scope-key-wrong' } },
    });
    expect(await project.json(['up', ...sophia], { SCOPE_KEY: 'short' })).toMatchObject({
      document: { error: { code: 'settings-invalid' } },
    });

    await project.ashlar(['key', 'new', '--scope', '--out', 'next.key']);
    const rotate = ['key', 'rotate', 'scope', '--url', 'pglite:data'];
    expect(await project.ashlar([...rotate, '--new-key-file', 'next.key'], key)).toMatchObject({
      code: 0,
      stdout: 'both keys are accepted\n',
    });
    const next = { SCOPE_KEY_FILE: 'next.key' };
    for (const env of [key, next])
      expect(await project.ashlar(['up', '--no-prove', ...sophia], env)).toMatchObject({ code: 0 });
    expect(await project.ashlar([...rotate, '--finish'], next)).toMatchObject({
      code: 0,
      stdout: 'former keys removed: 1; only SCOPE_KEY is accepted\n',
    });
    expect(await project.json(['up', '--no-prove', ...sophia], key)).toMatchObject({
      document: { error: { code: 'scope-key-wrong' } },
    });
  }, 240_000);
});
