import type { Page } from 'ashlar/query';
import { recordEvent } from './audit.js';
import { asConflict, notFound } from './errors.js';
import { type LoginRef, requireLogin } from './guard.js';
import { nameOf } from './names.js';
import { type ListOptions, pageOf } from './paging.js';
import { type DocuvaultSession, type Folder, folders } from './tables.js';

/** The login in which a service is called, and a folder of its user. */
export interface FolderRef extends LoginRef {
  readonly folder_id: string;
}

const nameTaken = 'A folder of that name already exists.';

/**
 * Creates a folder in a parent folder or at the root.
 *
 * @throws AshlarError `login-required`; `state-conflict` when the parent already contains the name; `row-not-found` for an unknown
 *   parent; `value-invalid`
 */
export async function createFolder(
  s: DocuvaultSession,
  folder: LoginRef & { readonly parent_id?: string | null | undefined; readonly name: string },
): Promise<Folder> {
  const { login_token, parent_id = null, name } = folder;
  const { user_id } = await requireLogin(s, { login_token });
  if (parent_id !== null) await ownFolder(s, user_id, parent_id);
  const created = await asConflict(s, { code: 'unique-violation', table: 'folders' }, nameTaken, (inner) =>
    inner.insert(folders, { user_id, parent_id, name: nameOf(name) }),
  );
  await record(s, 'folder.created', created);
  return created;
}

/**
 * Moves a folder with its contents into another folder, or to the root if `parent_id` is `null`.
 *
 * @throws AshlarError `login-required`; `state-conflict` when the new parent is inside the folder or already contains the name;
 *   `row-not-found`
 */
export async function moveFolder(
  s: DocuvaultSession,
  { parent_id, ...of }: FolderRef & { readonly parent_id: string | null },
): Promise<Folder> {
  const { user_id } = await requireFolder(s, of);
  if (parent_id !== null) await ownFolder(s, user_id, parent_id);
  const moved = await asConflict(s, { code: 'unique-violation', table: 'folders' }, nameTaken, (inner) =>
    asConflict(
      inner,
      { code: 'guarantee-violated', table: 'folders' },
      'A folder cannot be moved into itself or into a folder inside it.',
      (innermost) => innermost.update(folders, of.folder_id, { parent_id }),
    ),
  );
  await record(s, 'folder.moved', moved);
  return moved;
}

/**
 * Renames a folder.
 *
 * @throws AshlarError `login-required`; `state-conflict` when the name is taken; `row-not-found`; `value-invalid`
 */
export async function renameFolder(
  s: DocuvaultSession,
  { name, ...of }: FolderRef & { readonly name: string },
): Promise<Folder> {
  await requireFolder(s, of);
  const renamed = await asConflict(s, { code: 'unique-violation', table: 'folders' }, nameTaken, (inner) =>
    inner.update(folders, of.folder_id, { name: nameOf(name) }),
  );
  await record(s, 'folder.renamed', renamed);
  return renamed;
}

/**
 * Deletes an empty folder.
 *
 * @throws AshlarError `login-required`; `state-conflict` when the folder is not empty; `row-not-found`
 */
export async function deleteFolder(s: DocuvaultSession, of: FolderRef): Promise<void> {
  const folder = await requireFolder(s, of);
  await asConflict(s, { code: 'foreign-key-violation' }, 'The folder is not empty.', (inner) =>
    inner.delete(folders, folder.id),
  );
  await record(s, 'folder.deleted', folder);
}

/**
 * Lists the direct subfolders of a folder of the caller, or the root folders if `parent_id` is `null`, sorted by name.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function listFolders(
  s: DocuvaultSession,
  { login_token, parent_id, ...options }: LoginRef & ListOptions & { readonly parent_id: string | null },
): Promise<Page<Folder>> {
  const { user_id } = await requireLogin(s, { login_token });
  const within = s.query
    .selectFrom('folders')
    .selectAll()
    .where('user_id', '=', user_id)
    .where('parent_id', (parent_id ?? null) === null ? 'is' : '=', parent_id ?? null);
  return pageOf(s, within, ['name', 'id'], options);
}

/**
 * Returns the names of the folders on the path from the root to a folder; the last name is that of the folder itself.
 *
 * @throws AshlarError `login-required`; `row-not-found`
 */
export async function folderPath(s: DocuvaultSession, of: FolderRef): Promise<string[]> {
  const path: string[] = [];
  let folder = await requireFolder(s, of);
  for (;;) {
    path.unshift(folder.name);
    if (folder.parent_id === null) return path;
    folder = await ownFolder(s, folder.user_id, folder.parent_id);
  }
}

/**
 * Returns a folder if the caller owns it; throws otherwise. The services of a folder call this function first.
 *
 * @throws AshlarError `login-required`; `row-not-found` when it does not exist or belongs to another user
 */
export async function requireFolder(
  s: DocuvaultSession,
  { folder_id, ...login }: FolderRef,
): Promise<Folder> {
  const { user_id } = await requireLogin(s, login);
  return ownFolder(s, user_id, folder_id);
}

/**
 * Returns a folder if a user owns it; throws otherwise.
 *
 * @throws AshlarError `row-not-found` when it does not exist or belongs to another user
 */
export async function ownFolder(s: DocuvaultSession, user_id: string, folder_id: string): Promise<Folder> {
  const folder = await s.get(folders, folder_id);
  if (!folder || folder.user_id !== user_id) throw notFound('folder');
  return folder;
}

const record = (s: DocuvaultSession, action: string, { id, user_id, name, parent_id }: Folder) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'folder',
    resource_id: id,
    metadata: { name, parent_id },
  });
