import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDotEnv } from '../../src/settings/dot-env.js';
import { settings } from '../../src/settings/settings.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-dot-env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (text: string | Uint8Array, env: NodeJS.Dict<string> = {}) => {
  writeFileSync(join(folder, '.env'), text);
  return settings(env, folder);
};
const refused = (text: string | Uint8Array, detail: string | RegExp) => {
  try {
    read(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'settings-invalid', detail: expect.stringMatching(detail) });
    return;
  }
  throw new RangeError('nothing was refused');
};

const bom = '\u{FEFF}';

describe('a file .env', () => {
  test.each([
    ['a byte order mark before the first name', `${bom}BACKUP_KEEP_LAST=30\n`],
    ['a byte order mark before a comment', `${bom}# settings\nBACKUP_KEEP_LAST=30\n`],
    ['line ends of Windows', `${bom}LOG_LEVEL=info\r\nBACKUP_KEEP_LAST=30\r\n`],
    ['export, spaces and a comment', '\n  export BACKUP_KEEP_LAST = 30 # as the auditor asked\n'],
    ['an empty value before it', 'OTHER=\nBACKUP_KEEP_LAST=30'],
    ['a value of several lines before it', 'OTHER=\'one\ntwo=2\n\'\nBACKUP_KEEP_LAST="30"'],
  ])('keeps a setting with %s', (_, text) => {
    expect(read(text)).toMatchObject({ backupKeep: { last: 30 } });
    expect(read(text).warnings).toBeUndefined();
  });

  test.each([
    ['a word', 'BACKUP_DIR=b\nstray\nBACKUP_KEEP_LAST=30\n', /Line 2 .* has no "="/],
    ['a line of a key without quotes', 'BACKUP_KEY=one\nAGE-SECRET-KEY-1X\n', /Line 2 .* has no "="/],
    ['a mark of a merge', '<<<<<<< HEAD\nBACKUP_KEEP_LAST=30\n', /Line 1 /],
    ['the other mark of a merge', 'LOG_LEVEL=info\n=======\nBACKUP_KEEP_LAST=30\n', /Line 2 .* name/],
    ['JSON', '{ "BACKUP_KEEP_LAST": 30 }\n', /Line 1 /],
    ['a name with a space', 'BACKUP KEEP=30\n', /Line 1 .* name/],
    ['a quote that is not closed', 'LOG_LEVEL="info\nBACKUP_KEEP_LAST=30\n', /Line 1 .* is not closed/],
    ['text after a quote', "LOG_LEVEL='info' BACKUP_KEEP_LAST=30\n", /Line 1 .* after its closing quote/],
    ['text of another encoding', Buffer.from(`${bom}BACKUP_KEEP_LAST=30\n`, 'utf16le'), /not UTF-8/],
    ['a character that no text has', 'BACKUP_KEEP_LAST=3\x000\n', /NUL/],
  ])('is refused with %s, so that the next setting does not vanish', (_, text, detail) => {
    refused(text, detail);
  });

  test('is refused without its text, which may be a secret', () => {
    try {
      read('correct horse battery staple\n');
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain('horse');
    }
  });

  test('that is a folder, or a pipe to which nobody writes, is refused and not waited for', () => {
    mkdirSync(join(folder, '.env'));
    expect(() => settings({}, folder)).toThrow('Invalid settings.');
  });

  test('that is a pipe is read', () => {
    const inPipe = `mkfifo .env && (printf 'BACKUP_KEEP_LAST=30\\n' > .env &) && exec "$0" --import "$1" -e "$2"`;
    const code = `const { settings } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}); console.log(settings({}, '.').backupKeep.last)`;
    const told = execFileSync('sh', ['-c', inPipe, process.execPath, 'data:text/javascript,', code], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(told.trim()).toBe('30');
  });

  const name = fc.constantFrom('A', 'OTHER_NAME', 'export_it', 'x.y');
  const word = fc.stringMatching(/^[a-zA-Z0-9_:/@=+ .-]{0,12}$/);
  const value = fc.oneof(
    word.filter((text) => !/^["'`]/.test(text.trim())),
    word.map((text) => `"${text}"`),
    word.map((text) => `'${text}\n${text}'`),
    word.map((text) => `\`${text}\``),
  );
  const line = fc.oneof(
    fc.constantFrom('', '# a comment'),
    fc.tuple(name, value, fc.constantFrom('', ' ')).map(([n, v, gap]) => `${n}${gap}=${gap}${v}`),
  );

  test('has the values that Node.js reads', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        // Node.js 20 takes the next line for the value of a name without one, and a comment after a space for a name
        fc.pre(lines.every((each) => !/=\s*$/.test(each)));
        const text = `${lines.join('\n')}\n`;
        const own = Object.fromEntries(parseDotEnv(text).map((each) => [each.name, each.value]));
        expect(own).toEqual({ ...parseEnv(text) });
      }),
    );
  });
});

describe('a warning', () => {
  test.each([
    ['BACKUP_KEEP_LATS', 'BACKUP_KEEP_LAST'],
    ['BACKUP_KEEPLAST', 'BACKUP_KEEP_LAST'],
    ['backup_keep_last', 'BACKUP_KEEP_LAST'],
    ['BACKUP-KEEP-LAST', 'BACKUP_KEEP_LAST'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_KEY_FILES', 'DATABASE_KEY_FILE'],
    ['LEDGER_PUBLIC_KEYS', 'LEDGER_PUBLIC_KEY'],
  ])('names %s, which is nearly %s', (given, meant) => {
    const sentence = `${given} in line 2 of .env is not a setting of Ashlar, and is ignored. ${meant} is one.`;
    expect(read(`# first\n${given}=s3cret\n`).warnings).toEqual([sentence]);
    expect(read('', { [given]: 's3cret' }).warnings).toEqual([
      sentence.replace('line 2 of .env', 'the environment'),
    ]);
  });

  test.each(['DATABASE_KEY', 'BACKUP_KEY', 'DATABASE_URL'])('says that %s is cut off at a "#"', (name) => {
    const prefix = name === 'DATABASE_URL' ? 'sqlite:' : '';
    const { warnings } = read(`${name}=${prefix}corre#ct\n`);
    expect(warnings).toEqual([expect.stringContaining(`${name} in line 1 of .env ends before a "#"`)]);
    expect(read(`${name}="${prefix}corre#ct"\n`).warnings).toBeUndefined();
    expect(read(`${name}=${prefix}correct # a comment\n`).warnings).toBeUndefined();
  });

  test('is not given for names of others, and not where the meant setting is there', () => {
    const others =
      'HOME=/root\nPGPASSWORD=x\nNODE_ENV=test\nDATABASE=x\nAPI_KEY=y\nVITE_LOG=z\nREDIS_URL=redis:x\n';
    expect(read(others).warnings).toBeUndefined();
    expect(read('DATABASE_URI=x\n', { DATABASE_URL: 'sqlite:app.db' }).warnings).toBeUndefined();
  });
});
