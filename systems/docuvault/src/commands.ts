import { command } from 'ashlar';
import { z } from 'zod';
import { diskStore } from './blobs/disk-store.js';
import { variables } from './settings.js';
import { tables } from './tables.js';
import { sweep } from './vault.js';

/** The commands of this system: `ashlar docuvault …`. */
export const commands = {
  sweep: command({
    summary: 'remove stored content that no document references, and report missing content',
    description:
      'Run this command when the service starts: it cleans up after a crash. Uploads and deletions may run concurrently.',
    tables,
    input: z.object({}),
    settings: variables.pick({ BLOB_DIR: true }),
    run: async ({ db, settings, print, note }) => {
      const found = await sweep({ db, blobs: diskStore(settings.BLOB_DIR) });
      print(`removed: ${found.unreferenced.length} unreferenced files, ${found.abandoned} abandoned uploads`);
      for (const sha256 of found.missing) note(`missing: the content with the hash ${sha256}`);
      return found;
    },
  }),
};
