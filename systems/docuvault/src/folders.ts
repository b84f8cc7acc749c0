import { recordEvent } from './audit.js';
import { notThere, refusedAs } from './refusals.js';
import { type DocuvaultSession, type Folder, folders } from './tables.js';

/** Which folder, and whose it must be. */
export interface FolderOf {
  readonly user_id: string;
  readonly folder_id: string;
}

const taken = 'There is a folder of that name already.';

/**
 * Makes a folder, in another one or at the root.
 *
 * @throws AshlarError `state-conflict` when the name is taken there; `row-not-found` for an unknown parent; `value-invalid`
 */
export const createFolder = async (
  s: DocuvaultSession,
  folder: { readonly user_id: string; readonly parent_id?: string | null | undefined; readonly name: string },
): Promise<Folder> => {
  const { user_id, parent_id = null, name } = folder;
  if (parent_id !== null) await requireFolder(s, { user_id, folder_id: parent_id });
  const made = await refusedAs(s, ['unique-violation'], taken, (inner) =>
    inner.insert(folders, { user_id, parent_id, name: name.normalize('NFC') }),
  );
  await record(s, 'folder.created', made);
  return made;
};

/**
 * Moves a folder with all that is in it into another one, or with `null` to the root.
 *
 * @throws AshlarError `state-conflict` when that one is inside it, or the name is taken there; `row-not-found`
 */
export const moveFolder = async (
  s: DocuvaultSession,
  { parent_id, ...of }: FolderOf & { readonly parent_id: string | null },
): Promise<Folder> => {
  await requireFolder(s, of);
  if (parent_id !== null) await requireFolder(s, { user_id: of.user_id, folder_id: parent_id });
  const moved = await refusedAs(s, ['unique-violation'], taken, (inner) =>
    refusedAs(
      inner,
      ['guarantee-violated'],
      'A folder cannot be moved into itself, nor into one that is inside it.',
      (innermost) => innermost.update(folders, of.folder_id, { parent_id }),
    ),
  );
  await record(s, 'folder.moved', moved);
  return moved;
};

/** Gives a folder another name. @throws AshlarError `state-conflict` when it is taken; `row-not-found`; `value-invalid` */
export const renameFolder = async (
  s: DocuvaultSession,
  { name, ...of }: FolderOf & { readonly name: string },
): Promise<Folder> => {
  await requireFolder(s, of);
  const renamed = await refusedAs(s, ['unique-violation'], taken, (inner) =>
    inner.update(folders, of.folder_id, { name: name.normalize('NFC') }),
  );
  await record(s, 'folder.renamed', renamed);
  return renamed;
};

/** Deletes a folder that is empty. @throws AshlarError `state-conflict` when it is not; `row-not-found` */
export const deleteFolder = async (s: DocuvaultSession, of: FolderOf): Promise<void> => {
  const folder = await requireFolder(s, of);
  await refusedAs(s, ['foreign-key-violation'], 'The folder is not empty.', (inner) =>
    inner.delete(folders, folder.id),
  );
  await record(s, 'folder.deleted', folder);
};

/** The folders right in a folder, or with `null` at the root, by name. */
export const listFolders = (
  s: DocuvaultSession,
  { user_id, parent_id }: { readonly user_id: string; readonly parent_id: string | null },
): Promise<Folder[]> =>
  s.query
    .selectFrom('folders')
    .selectAll()
    .where('user_id', '=', user_id)
    .where('parent_id', parent_id === null ? 'is' : '=', parent_id)
    .orderBy('name')
    .execute();

/** The names from the root down to a folder. @throws AshlarError `row-not-found` */
export const folderPath = async (s: DocuvaultSession, of: FolderOf): Promise<string[]> => {
  const path: string[] = [];
  let folder = await requireFolder(s, of);
  for (;;) {
    path.unshift(folder.name);
    if (folder.parent_id === null) return path;
    folder = await requireFolder(s, { user_id: of.user_id, folder_id: folder.parent_id });
  }
};

/** A user's folder. @throws AshlarError `row-not-found` when it is not there, or another's */
export const requireFolder = async (
  s: DocuvaultSession,
  { user_id, folder_id }: FolderOf,
): Promise<Folder> => {
  const folder = await s.get(folders, folder_id);
  if (!folder || folder.user_id !== user_id) throw notThere('folder');
  return folder;
};

const record = (s: DocuvaultSession, action: string, { id, user_id, name, parent_id }: Folder) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'folder',
    resource_id: id,
    metadata: { name, parent_id },
  });
