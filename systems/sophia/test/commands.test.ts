import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clientActions, listClients, storeVoiceMaterial, writeClientExport } from '@ashlar/sophia';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { columnKeys, freshName, type OpenSophia, openSophia } from './support.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const program = join(root, 'packages/ashlar/bin/ashlar.js');

describe.each(engines.filter(({ name }) => name === 'sqlite'))(
  'the command line of sophia on $name',
  (engine) => {
    let open: OpenSophia;
    let folder: string;
    beforeAll(async () => {
      open = await openSophia(engine);
      folder = await mkdtemp(join(tmpdir(), 'ashlar-sophia-'));
    });
    afterAll(async () => {
      await open.remove();
      await rm(folder, { recursive: true });
    });

    const ashlar = (...args: readonly string[]) =>
      new Promise<{ code: number; output: string }>((resolve) => {
        const env = { ...process.env, DATABASE_URL: open.place.url, COLUMN_KEY: columnKeys.current };
        execFile(
          process.execPath,
          [program, 'sophia', ...args],
          { cwd: root, env },
          (error, stdout, stderr) =>
            resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
        );
      });

    it('imports clients from a file, and reports what it refuses by its line', async () => {
      const file = join(folder, 'dossiers.csv');
      const name = freshName();
      await writeFile(file, `name,industry\n${name},Retail\n${name.toUpperCase()},Retail\n`);
      const { code, output } = await ashlar('import-clients', file);
      expect([code, output]).toEqual([
        0,
        expect.stringMatching(/created 1 clients; rejected 1[\s\S]*rejected 3:/),
      ]);
      expect((await open.operate((s) => listClients(s))).map((client) => client.name)).toContain(name);
    });

    it('exports a client whole or not at all, and records it; erases by name, and again after a restore', async () => {
      const client = await open.client();
      const { id, name } = client;
      const context = { actor: 'user:1', scope: id };
      await storeVoiceMaterial(open.db, context, { client_id: id, source_type: 'x', content: 'A text.' });
      const out = join(folder, 'exports', 'one');
      expect(await ashlar('export-client', id, '--out', out)).toMatchObject({ code: 0 });
      expect(JSON.parse(await readFile(join(out, 'client.json'), 'utf8'))).toMatchObject({ client: { id } });
      expect(await ashlar('export-client', id, '--out', out)).toMatchObject({ code: 1 });
      const [exported] = await open.operate((s) => clientActions(s, id));
      expect(exported).toMatchObject({ action: 'client.exported', details: { texts: 1 } });
      // a name of a file that cannot be written stands for a disk that is full
      const broken = { document: {} as never, files: new Map([['none/x.txt', 'x']]) };
      const failed = writeClientExport(join(folder, 'exports', 'two'), broken);
      await expect(failed).rejects.toMatchObject({ code: 'input-invalid' });
      expect(await readdir(join(folder, 'exports'))).toEqual(['one']);

      const list = join(folder, 'erased.jsonl');
      const erase = (given: string) => ashlar('erase-client', id, '--name', given, '--list', list);
      expect(await erase('Somebody else')).toMatchObject({ code: 2 });
      const { code, output } = await erase(name.toUpperCase());
      expect([code, output]).toEqual([
        0,
        expect.stringMatching(/erased; 1 keys destroyed[\s\S]*record_contents/),
      ]);
      expect(output).not.toContain(name);
      // as if a backup from before was restored: the list is outside the database
      const other = await open.client();
      const lines = `${await readFile(list, 'utf8')}${JSON.stringify({ client_id: other.id, erased_at: 'x' })}\n`;
      await writeFile(list, lines);
      const repeated = await ashlar('repeat-erasures', list);
      expect(repeated).toMatchObject({
        code: 0,
        output: expect.stringContaining(`erased ${other.id}\n1 erasures`),
      });
      await writeFile(list, `${lines}nonsense\n`);
      expect(await ashlar('repeat-erasures', list)).toMatchObject({
        code: 1,
        output: expect.stringContaining('line 3'),
      });
    });
  },
);
