import { AshlarError, command, everyScope } from 'ashlar';
import { z } from 'zod';
import { exportClient, recordExport, writeClientExport } from './client-export.js';
import { importClientFile } from './client-import.js';
import { eraseClient } from './erase.js';
import { listErasure, repeatErasures } from './erasure-list.js';
import { nameKey } from './name-key.js';
import { tables } from './tables.js';

const id = z.uuid().describe('the id of the client');

/** The commands of this system: `ashlar sophia …`. */
export const commands = {
  'import-clients': command({
    summary: 'create clients from a file of dossiers, CSV or JSON',
    description: 'Dossiers that are refused are reported by their lines, and the others are created.',
    tables,
    input: z.object({ file: z.string().min(1).describe('a file of dossiers: .json, or CSV') }),
    positionals: ['file'],
    run: async ({ db, input, actor, print, note }) => {
      const report = await importClientFile(db, input.file, { actor });
      for (const { at, reason } of report.rejected) note(`rejected ${at}: ${reason}`);
      for (const { client, similar } of report.created)
        for (const { name } of similar) note(`${client.name} is similar to ${name}`);
      print(`created ${report.created.length} clients; rejected ${report.rejected.length}`);
      if (report.stopped) {
        note(`stopped at ${report.stopped.at}: import the file again, clients that exist are refused`);
        throw report.stopped.error;
      }
      return report;
    },
  }),
  'export-client': command({
    summary: 'write all data about a client into a folder',
    description: 'client.json has the dossier and all records about the client, texts/ has the texts.',
    tables,
    input: z.object({ id, out: z.string().min(1).describe('the folder to write; it must not exist yet') }),
    positionals: ['id'],
    run: async ({ db, input, actor, print }) => {
      const found = await db.read({ scope: everyScope }, (s) => exportClient(s, input.id));
      await writeClientExport(input.out, found);
      // of a client who was erased there is no key to record it under
      if (found.document.client.erased_at === null)
        await db.session({ actor, scope: everyScope }, (s) => recordExport(s, found));
      print(`The data is in ${input.out}: client.json and ${found.files.size} texts.`);
      return { folder: input.out, texts: found.files.size };
    },
  }),
  'erase-client': command({
    summary: 'erase a client: delete texts and dossier, destroy the key of all records',
    description: 'It cannot be undone. What stays is listed with its reason.',
    tables,
    input: z.object({
      id,
      name: z.string().min(1).describe('the name of the client, as a confirmation'),
      list: z.string().min(1).optional().describe('a file of erasures outside the database, to append to'),
    }),
    positionals: ['id'],
    run: async ({ db, input, actor, print }) => {
      const client = await db.read({ scope: everyScope }, (s) =>
        s.query.selectFrom('clients').selectAll().where('id', '=', input.id).executeTakeFirst(),
      );
      // an erasure that was interrupted goes on
      if (client && client.erased_at === null && nameKey(client.name) !== nameKey(input.name)) {
        throw new AshlarError('usage', {
          message: `The client ${input.id} has another name.`,
          suggestion: 'Give the name of the client with --name: what is erased is gone.',
        });
      }
      const report = await eraseClient(db, input.id, { actor });
      if (input.list !== undefined) await listErasure(input.list, report);
      print(`erased; ${report.keys} keys destroyed. What stays:`);
      for (const { where, rows, what, why } of report.stays)
        print(`  ${where}${rows === undefined ? '' : ` (${rows} rows)`}: ${what} ${why}`);
      return report;
    },
  }),
  'repeat-erasures': command({
    summary: 'erase again the clients of a list whom a restored backup brought back',
    description: 'The list is the file that erase-client --list appends to.',
    tables,
    input: z.object({ list: z.string().min(1).describe('the file of erasures') }),
    positionals: ['list'],
    run: async ({ db, input, actor, print }) => {
      const repeated = await repeatErasures(db, input.list, { actor });
      for (const { client_id } of repeated) print(`erased ${client_id}`);
      print(`${repeated.length} erasures repeated`);
      return repeated;
    },
  }),
};
