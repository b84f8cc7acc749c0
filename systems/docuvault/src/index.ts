import { system } from 'ashlar';
import { commands } from './commands.js';
import { tables } from './tables.js';

export type { Access, DocumentRef } from './access.js';
export type { Account } from './account.js';
export { type AuditEvent, type AuditPage, type AuditQuery, queryEvents } from './audit.js';
export type { BlobStore, ByteSource, StagedBlob } from './blobs/blob-store.js';
export { diskStore } from './blobs/disk-store.js';
export { type S3StoreOptions, s3Store } from './blobs/s3-store.js';
export {
  type CloudAccount,
  type ConnectionRef,
  type Credentials,
  cloudCredentials,
  connectCloud,
  disconnectCloud,
  listConnections,
  renewCredentials,
} from './cloud-connections.js';
export type { Confirmation } from './confirm.js';
export { type DeletedTree, deleteFolderTree } from './delete-tree.js';
export { type DeletedUser, deleteUser } from './delete-user.js';
export {
  type DocumentDetails,
  type DocumentSummary,
  listDocuments,
  searchDocuments,
} from './document-lists.js';
export {
  type DocumentChanges,
  deleteDocument,
  moveDocument,
  type NewDocument,
  openDocument,
  replaceContent,
  updateDocument,
  uploadDocument,
} from './documents.js';
export { normaliseEmail } from './email.js';
export * from './error-codes.js';
export {
  createFolder,
  deleteFolder,
  type FolderRef,
  folderPath,
  listFolders,
  moveFolder,
  renameFolder,
} from './folders.js';
export type { AboutUser, LoginRef } from './guard.js';
export { type LoginAttempt, type LoginOptions, type LoginResult, logIn } from './logins.js';
export type { ListOptions } from './paging.js';
export {
  checkPassword,
  currentCost,
  hashPassword,
  type PasswordCheck,
  type PasswordCost,
} from './passwords.js';
export { type Purged, purgeExpired } from './purge.js';
export { quotaOf, setQuota } from './quota.js';
export {
  type IssuedToken,
  type Rotation,
  revokeAllTokens,
  revokeToken,
  rotateToken,
  type TokenOptions,
} from './refresh-tokens.js';
export { type DocuvaultSettings, docuvaultSettings, type S3Settings } from './settings.js';
export {
  type SharedDocument,
  type Sharing,
  shareDocument,
  sharedWithMe,
  sharesOf,
  unshareDocument,
} from './shares.js';
export { type Sweep, type SweepOptions, sweep } from './sweep.js';
export * from './tables.js';
export { createTopic, documentsAbout, listTopics, tagDocument, untagDocument } from './topics.js';
export { confirmTotp, disableTotp, enrolTotp } from './totp.js';
export { totpCode } from './totp-codes.js';
export {
  createFirstAdmin,
  type FirstAdmin,
  listUsers,
  type Registration,
  registerUser,
  setActive,
  setPassword,
  setRole,
  unlockUser,
} from './users.js';
export { type Vault, vaultOf } from './vault.js';

/**
 * The system `docuvault`: documents of many users, with folders, topics, shares and quotas; the content of documents is
 * stored in files.
 */
export const docuvault = system('docuvault', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
  commands,
  // prove cannot generate a value for this pattern
  probes: { users: [{ password_hash: '$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo' }] },
});
