import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { removeLeftovers } from '../../src/files/leftovers.js';
import { livenessOf, livenessOfMark, processMark, thisProcess } from '../../src/files/process.js';

describe('a process', () => {
  const me = thisProcess();

  test('is identified by number, start time, PID namespace, boot and host', () => {
    expect(me.pid).toBe(process.pid);
    expect(me.started).toMatch(/^\d+$/);
    expect(me.namespace).toMatch(/^\d+$/);
    expect(me.boot).toMatch(/^[0-9a-f-]{36}$/);
    expect(processMark()).toBe(`${me.pid}-${me.started}-${me.namespace}`);
  });

  test('has the same identity in its threads', async () => {
    const thread = new Worker(
      `const { parentPort } = require('node:worker_threads');
       const stat = require('node:fs').readFileSync('/proc/self/stat', 'utf8');
       parentPort.postMessage([process.pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]]);`,
      { eval: true },
    );
    expect((await once(thread, 'message'))[0]).toEqual([me.pid, me.started]);
  });

  test('runs, or is gone when it has ended, even before its parent has collected it', async () => {
    expect(livenessOf(me, Date.now())).toBe('running');
    // the shell does not wait for its child, which becomes a zombie
    const shell = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 5'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(shell.stdout, 'data');
    const child = { ...me, pid: Number(line), started: '' };
    while (livenessOf(child, Date.now()) === 'running') await new Promise(setImmediate);
    expect(livenessOf(child, Date.now())).toBe('gone');
    expect(() => process.kill(child.pid, 0)).not.toThrow();
    shell.kill('SIGKILL');
    await once(shell, 'exit');
    expect(livenessOf({ ...me, pid: shell.pid ?? 0, started: '' }, Date.now())).toBe('gone');
  });

  test('of another user counts as running', () => {
    expect(livenessOf({ ...me, pid: 1, started: '' }, Date.now())).toBe('running');
  });

  test('that does not exist is gone', () => {
    for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 30, 2 ** 60])
      expect(livenessOf({ ...me, pid }, Date.now())).toBe('gone');
  });

  test('cannot be seen on another host or in another PID namespace, whatever its number', () => {
    expect(livenessOf({ ...me, host: 'other.example', boot: 'other' }, Date.now())).toBe('unseen');
    expect(livenessOf({ ...me, namespace: '1' }, Date.now())).toBe('unseen');
    expect(livenessOf({ ...me, host: 'other.example', namespace: '1' }, Date.now())).toBe('unseen');
    // the host was renamed
    expect(livenessOf({ ...me, host: 'other.example' }, Date.now())).toBe('running');
    // two machines can have one host name
    expect(livenessOf({ ...me, boot: 'another boot' }, Date.now())).toBe('unseen');
    expect(livenessOf({ ...me, boot: 'an earlier boot' }, 0)).toBe('of-earlier-boot');
  });

  test('is named by its mark', () => {
    expect(livenessOfMark(`${processMark()}-rest`)).toBe('running');
    expect(livenessOfMark(`${me.pid}-1-${me.namespace}`)).toBe('gone');
    expect(livenessOfMark(`${me.pid}-1-1`)).toBe('unseen');
    for (const text of ['', 'x', `${me.pid}`, `${me.pid}-1`, `${me.pid}-1-x`])
      expect(livenessOfMark(text)).toBeUndefined();
  });
});

test('only files of killed processes are removed from a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-left-'));
  const { pid, started, namespace } = thisProcess();
  const names = [
    `a-${pid}-1-${namespace}-x`,
    `a-${pid}-${started}-${namespace}-x`,
    `a-${pid}-1-1-x`,
    'a-x',
    `b-${pid}-1-${namespace}-x`,
  ];
  const [gone, running, unseen, other, prefix] = names;
  for (const name of names) await mkdir(join(folder, name, 'inside'), { recursive: true });
  await removeLeftovers(folder, 'a-');
  expect((await readdir(folder)).sort()).toEqual([running, unseen, other, prefix].sort());
  expect(await readdir(folder)).not.toContain(gone);
  // two days old, of another container
  const before = new Date(Date.now() - 2 * 86_400_000);
  await utimes(join(folder, unseen ?? ''), before, before);
  await removeLeftovers(folder, 'a-');
  expect((await readdir(folder)).sort()).toEqual([running, other, prefix].sort());
  await removeLeftovers(join(folder, 'missing'), 'a-');
  await rm(folder, { recursive: true });
});
