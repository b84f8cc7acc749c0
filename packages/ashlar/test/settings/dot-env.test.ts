import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDotEnv } from '../../src/settings/dot-env.js';
import { readKeyFile, settings } from '../../src/settings/settings.js';

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

const ours: ReadonlySet<string> = new Set(['BACKUP_KEEP_LAST', 'BACKUP_DIR', 'LOG_LEVEL']);

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
    ['the other mark of a merge', 'LOG_LEVEL=info\n=======\nBACKUP_KEEP_LAST=30\n', /Line 2 .* merge/],
    ['JSON', '{ "BACKUP_KEEP_LAST": 30 }\n', /Line 1 /],
    ['a quote that is not closed', 'LOG_LEVEL="info\nBACKUP_KEEP_LAST=30\n', /Line 1 .* is not closed/],
    ['text after a quote', "LOG_LEVEL='info' BACKUP_KEEP_LAST=30\n", /Line 1 .* after its closing quote/],
    [
      'a quote that hides a setting',
      "A='90s hits\nBACKUP_KEEP_LAST=30\n# the users'\n",
      /Line 1 .* BACKUP_KEEP_LAST in line 2/,
    ],
    [
      'a setting after a quote of another',
      "A='info' BACKUP_KEEP_LAST=30\n",
      /Line 1 .* after its closing quote/,
    ],
    ['a setting twice', 'BACKUP_KEEP_LAST=30\nA=b\nBACKUP_KEEP_LAST=3\n', /Lines 1 and 3 .* both set/],
    ['a setting in the way of YAML', 'A=b\nBACKUP_KEEP_LAST: 30\n', /Line 2 .* no "="/],
    ['a setting that is only exported', 'export BACKUP_KEEP_LAST\n', /Line 1 .* no "="/],
    ['an escaped quote in a setting', 'BACKUP_DIR="a\\"b"\n', /Line 1 .* after its closing quote/],
    ['a setting of another encoding', Buffer.from('BACKUP_DIR=\xfcber\n', 'latin1'), /not UTF-8/],
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

  test.each([
    ['JSON with escaped quotes', String.raw`FIREBASE="{\"apiKey\":\"x\"}"`],
    ['the quotes of a shell', String.raw`A='it'\''s'`],
    ['a semicolon', 'A="x";'],
    ['a name that begins with a digit', '2FA_SECRET=x'],
    ['names of .NET', 'ConnectionStrings:Default=x'],
    ['an index', 'A[0]=x'],
    ['an appended value', 'A+=x'],
    ['a letter that ASCII does not have', '\u00c4B=x'],
    ['a name with a space', 'MY KEY=x'],
    ['a quote that is not closed', 'A="abc'],
    ['a word in the middle of which a quote begins', "A=it's"],
    ['a comment in another encoding', Buffer.from('# f\xfcr alle', 'latin1')],
    ['a value in another encoding', Buffer.from('A=f\xfcr alle', 'latin1')],
    ['our name in its value', 'A=env BACKUP_KEEP_LAST=3 ashlar'],
    ['our name in its quoted value', 'A="BACKUP_KEEP_LAST=3"'],
  ])('of other programs, with %s, hides no setting', (_, line) => {
    for (const text of [
      [Buffer.from(line), '\nBACKUP_KEEP_LAST=30\n'],
      ['BACKUP_KEEP_LAST=30\n\n', Buffer.from(line)],
    ]) {
      const found = read(Buffer.concat(text.map((each) => Buffer.from(each))));
      expect(found).toMatchObject({ backupKeep: { last: 30 } });
      expect(found.warnings).toBeUndefined();
    }
  });

  test.each(['stray', 'export A', 'A: v', '{ "a": 1 }'])(
    'is used, with a warning, where it has the line %s',
    (line) => {
      expect(read(`A=b\n${line}\nBACKUP_KEEP_LAST=30\n`)).toMatchObject({
        backupKeep: { last: 30 },
        warnings: ['Line 2 of .env is not a setting, and is ignored.'],
      });
    },
  );

  const nasty = fc.constantFrom(
    ...[
      'A="',
      "B='90s",
      'C=`',
      'D="x" y',
      "E='it'\\''s'",
      'F="a\\"',
      '"',
      "'",
      'stray',
      'export G',
      'H: v',
      '=',
      '# "',
      '',
    ],
    ...['BACKUP_KEEP_LAST=30', ' export BACKUP_DIR = b', 'LOG_LEVEL="info"', "LOG_LEVEL='info' # x"],
  );

  test('hides no setting, whatever lines are around it: each is read, or the file is refused', () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 10 }), (lines) => {
        let found: readonly string[];
        try {
          found = parseDotEnv(lines.join('\n'), ours).lines.map(({ name }) => name);
        } catch (error) {
          expect(error).toMatchObject({ code: 'settings-invalid' });
          return;
        }
        const written = lines.flatMap((line) => /^\s*(?:export )?([A-Z_]+) ?=/.exec(line)?.[1] ?? []);
        expect(found.filter((name) => ours.has(name))).toEqual(written.filter((name) => ours.has(name)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('that is a folder is refused, with the reason', () => {
    mkdirSync(join(folder, '.env'));
    expect(() => settings({}, folder)).toThrow(
      expect.objectContaining({ detail: expect.stringContaining('is a folder') }),
    );
  });

  test('that is /dev/null is empty', () => {
    symlinkSync('/dev/null', join(folder, '.env'));
    expect(settings({}, folder).warnings).toBeUndefined();
  });

  test('a key is read of a pipe whose writer takes its time, and an empty one is not waited for', () => {
    const keyOf = (path: string) => {
      const code = `const { readKeyFile } = await import(${JSON.stringify(new URL('../../build/settings/settings.js', import.meta.url).href)});
        try { console.log(readKeyFile('--key-file', process.argv[1]).reveal()) } catch (error) { console.log(error.detail) }`;
      return execFileSync(
        'bash',
        ['-c', `"$0" --input-type=module -e "$1" ${path}`, process.execPath, code],
        {
          encoding: 'utf8',
        },
      ).trim();
    };
    expect(keyOf('<(sleep 1; echo secret)')).toBe('secret');
    expect(keyOf('<(exit 1)')).toContain('names an empty file');
    expect(() => readKeyFile('--key-file', '/dev/null')).toThrow('Invalid settings.');
  });

  test('that is a pipe is read once, however often a process needs it', () => {
    const inPipe = `mkfifo .env && { (printf 'BACKUP_KEEP_LAST=30\\n' > .env) >/dev/null 2>&1 & } && exec "$0" --import "$1" -e "$2"`;
    const code = `const { settings } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}); settings({}, '.'); console.log(settings({}, '.').backupKeep.last)`;
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
        const own = Object.fromEntries(parseDotEnv(text, ours).lines.map((each) => [each.name, each.value]));
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
      'HOME=/root\nPGPASSWORD=x\nNODE_ENV=test\nDATABASE=x\nAPI_KEY=y\nVITE_LOG=z\nREDIS_URL=redis:x\nLOGLEVEL=x\nDATABASE_SSL=x\nDATABASE_TTL=1\nBACKUP_DB=x\nBACKUP_ID=1\nBACKUP_BIN=x\nBACKUP_DAY=1\n';
    expect(read(others).warnings).toBeUndefined();
    expect(read('DATABASE_URI=x\n', { DATABASE_URL: 'sqlite:app.db' }).warnings).toBeUndefined();
  });
});
