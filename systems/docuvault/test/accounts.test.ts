import {
  createFolder,
  deleteDocument,
  deleteFolderTree,
  listDocuments,
  replaceContent,
  sweep,
  uploadDocument,
} from '@ashlar/docuvault';
import { AshlarError } from 'ashlar';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, inspect, type OpenVault, openVault, someUser } from './support.js';

describe.each(engines)('the quotas of docuvault on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  it('equal the stored documents after any concurrent uploads, replacements and deletions', async () => {
    const who = fc.nat({ max: 1 });
    const what = fc.constantFrom('upload', 'replace', 'delete', 'delete folder');
    const content = fc.nat({ max: 3 });
    const operation = fc.record({ who, what, content, which: fc.nat({ max: 5 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        async (rounds) => {
          const both = [await someUser(open.db, 100), await someUser(open.db, 100)] as const;
          const allowed = ['quota-exceeded', 'row-not-found', 'state-conflict'];
          for (const round of rounds) {
            const ended = await Promise.allSettled(
              round.map(async ({ who: index, what: verb, content: kind, which }) => {
                const { login_token } = both[index as 0 | 1];
                // four contents of 0 to 45 bytes, shared by both users
                const bytes = Buffer.from(String(kind).repeat(15 * kind));
                const { rows: own } = await open.db.read((s) => listDocuments(s, { login_token }));
                const document = own[which % (own.length || 1)];
                if (verb === 'upload' || !document) {
                  const folder = await open.db.session((s) =>
                    createFolder(s, { login_token, name: fresh('f') }),
                  );
                  const named = { filename: fresh('d'), content_type: 'text/plain', folder_id: folder.id };
                  await uploadDocument(open.vault, { login_token, ...named, content: bytes });
                } else if (verb === 'replace')
                  await replaceContent(open.vault, { login_token, document_id: document.id, content: bytes });
                else if (verb === 'delete')
                  await deleteDocument(open.vault, { login_token, document_id: document.id });
                else if (document.folder_id)
                  await deleteFolderTree(open.vault, { login_token, folder_id: document.folder_id });
              }),
            );
            for (const each of ended)
              if (each.status === 'rejected') {
                expect(each.reason).toBeInstanceOf(AshlarError);
                expect(allowed).toContain((each.reason as AshlarError).code);
              }
          }
          const { wrongQuotas, referenced, files } = await inspect(open);
          expect(wrongQuotas).toEqual([]);
          expect(files).toEqual(referenced);
        },
      ),
      { numRuns: 8 },
    );
    expect(await sweep(open.vault)).toEqual({ abandoned: 0, unreferenced: [], missing: [], adopted: 0 });
  });
});
