import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Output } from '../../src/cli/output.js';
import { ProgressBar } from '../../src/cli/progress.js';

const capture = (isTTY: boolean) => {
  const written: string[] = [];
  const stream = Object.assign(
    new Writable({
      write(text, _, done) {
        written.push(String(text));
        done();
      },
    }),
    { isTTY, columns: 100 },
  );
  return { stream, text: () => written.join('') };
};

describe('ProgressBar', () => {
  test('is a bar on a terminal', () => {
    const { stream, text } = capture(true);
    const bar = new ProgressBar(stream, 'running');
    bar.update({ done: 500, total: 1000, notes: ['3 failed', '12 MB/s'] });
    bar.end();
    expect(text()).toContain('██████████████░░░░░░░░░░░░░░ running: 500 of 1,000 · 3 failed · 12 MB/s');
  });

  test('is a line every 10 % elsewhere', () => {
    const { stream, text } = capture(false);
    const bar = new ProgressBar(stream, 'running');
    for (let done = 0; done <= 1000; done++) bar.update({ done, total: 1000 });
    bar.end();
    expect(text().split('\n')).toHaveLength(12);
    expect(text()).toMatch(/^running: 0 of 1,000\nrunning: 100 of 1,000\n/);
    expect(text()).toMatch(/running: 1,000 of 1,000\n$/);
  });
});

describe('Output', () => {
  const make = (json: boolean, env = {}) => {
    const stdout = capture(true);
    const stderr = capture(true);
    const out = new Output(
      {
        stdin: Readable.from([]),
        stdout: stdout.stream,
        stderr: stderr.stream,
        env,
        directory: '.',
        interactive: false,
      },
      json,
    );
    return { out, stdout, stderr };
  };

  test('with --json standard output has only the document', () => {
    const { out, stdout, stderr } = make(true);
    out.line('for people');
    out.note('careful');
    out.document({ done: true });
    expect(JSON.parse(stdout.text())).toEqual({ done: true });
    expect(stderr.text()).toBe('careful\n');
  });

  test('colours only a terminal, unless NO_COLOR is set', () => {
    expect(make(false).out.style('red', 'x')).not.toBe('x');
    expect(make(false, { NO_COLOR: '1' }).out.style('red', 'x')).toBe('x');
    expect(make(true).out.style('red', 'x')).toBe('x');
  });

  test('removes known secrets from everything that is printed', () => {
    const { out, stdout, stderr } = make(false);
    out.hide('s3cret-key');
    out.line('opened with s3cret-key');
    out.note('opened with s3cret-key');
    expect(stdout.text() + stderr.text()).toBe('opened with [secret]\nopened with [secret]\n');
  });
});
