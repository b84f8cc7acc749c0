import { command } from 'ashlar';
import { z } from 'zod';
import { diskStore } from './blobs/disk-store.js';
import { variables } from './settings.js';
import { tables } from './tables.js';
import { sweep } from './vault.js';

/** The commands of this system: `ashlar docuvault …`. */
export const commands = {
  sweep: command({
    summary: 'remove stored bytes that no document names, and report bytes that are missing',
    description: 'Run it at start, after a crash: uploads and deletions may go on at the same time.',
    tables,
    input: z.object({}),
    settings: variables.pick({ BLOB_DIR: true }),
    run: async ({ db, settings, print, note }) => {
      const found = await sweep({ db, blobs: diskStore(settings.BLOB_DIR) });
      print(
        `removed: ${found.unnamed.length} files without a document, ${found.abandoned} abandoned uploads`,
      );
      for (const sha256 of found.missing) note(`missing: the bytes ${sha256}`);
      return found;
    },
  }),
};
