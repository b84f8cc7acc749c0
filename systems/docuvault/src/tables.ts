import {
  autoincrement,
  check,
  ciphertext,
  createdAt,
  type Database,
  fullText,
  id,
  index,
  inet,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
  timestamp,
  timestamps,
  unique,
} from 'ashlar';
import { acyclic, appendOnly, encrypted, keyring, ledgered } from 'ashlar/guarantees';
import { z } from 'zod';
import { emailForm, longestEmail, name, sha256 } from './column-forms.js';
import { mediaType } from './inputs.js';

/** The permissions that a share can grant: `read`, and `write` (which also allows changing the content and details). */
export const permissions = ['read', 'write'] as const;
/** A permission that a share can grant. */
export type Permission = (typeof permissions)[number];

/** The default quota of a user, in bytes: 100 MiB. */
export const defaultQuota = 104_857_600;

/** The wrapped data keys of users, in a separate table because a key must not be stored in a row that it encrypts. */
export const dataKeys = keyring('data_keys');

/**
 * The users: handle, email, password hash, TOTP secret, role. Handles and email addresses are unique and in lower case.
 */
export const users = table(
  'users',
  {
    id: id(),
    handle: z
      .string()
      .min(3)
      .max(50)
      .regex(/^[a-z0-9][a-z0-9._-]*$/),
    email: z.string().max(longestEmail).regex(emailForm, 'Expected an email address'),
    // accepts only a hash in PHC string format, so that a plaintext password cannot be stored by mistake
    password_hash: z
      .string()
      .max(255)
      .regex(/^\$scrypt\$ln=\d+,r=\d+,p=\d+\$[\w+/-]+\$[\w+/-]+$/),
    totp_secret: ciphertext(z.string().min(16)).nullable(),
    totp_enabled: z.boolean().default(false),
    role: z.enum(['user', 'admin']).default('user'),
    is_active: z.boolean().default(true),
    ...timestamps(),
  },
  (c) => [
    unique(c.handle),
    unique(c.email),
    check('users_lower_case', 'handle = lower(handle) AND email = lower(email)'),
    encrypted({ scope: c.id, keys: dataKeys }),
  ],
);

/**
 * The quota of each user: the limit and the space used by the user's documents, in bytes. The used space never exceeds
 * the limit.
 */
export const quotas = table(
  'quotas',
  {
    user_id: z.uuid(),
    limit_bytes: z.int().min(0).default(defaultQuota),
    used_bytes: z.int().min(0).default(0),
  },
  (c) => [
    primaryKey(c.user_id),
    references(c.user_id, users.columns.id),
    check('quotas_used_within_limit', 'used_bytes <= limit_bytes'),
  ],
);

/**
 * The refresh tokens of users. All tokens that descend from one login by rotation share a `family_id`: it is the id of the
 * login, which the log names and which opens nothing. What callers present is stored as hashes only: `token_hash` of the
 * refresh token, `login_hash` of the login token that was issued with it (a row of version 0.1 has none). `used_at`
 * distinguishes a rotated token from a revoked one. `second_factor` says whether a TOTP code was checked in this login.
 */
export const refreshTokens = table(
  'refresh_tokens',
  {
    id: id(),
    user_id: z.uuid(),
    family_id: z.uuid(),
    token_hash: sha256(),
    login_hash: sha256().nullable(),
    expires_at: timestamp(),
    used_at: timestamp().nullable(),
    revoked: z.boolean().default(false),
    second_factor: z.boolean().default(false),
    created_at: createdAt(),
  },
  (c) => [
    unique(c.token_hash),
    index(c.user_id, c.revoked),
    index(c.family_id),
    // not unique: the hashes are of 256 random bits, and SQLite cannot add a unique column
    index(c.login_hash),
    // finds the tokens to purge
    index(c.expires_at),
    references(c.user_id, users.columns.id),
    check('refresh_tokens_used_once', 'used_at IS NULL OR revoked'),
  ],
);

/**
 * The failed logins of the last day, counted for each name and each IP address that was tried. `subject` is a hash, so that
 * the table has neither names nor addresses.
 */
export const loginAttempts = table(
  'login_attempts',
  { subject: sha256(), failures: z.int32().min(0), last_at: timestamp() },
  (c) => [primaryKey(c.subject), index(c.last_at)],
);

/** The folders of users; each user's folders form trees. A folder and its parent belong to the same user. */
export const folders = table(
  'folders',
  {
    id: id(),
    user_id: z.uuid(),
    parent_id: z.uuid().nullable(),
    name: name(),
    created_at: createdAt(),
  },
  (c) => [
    unique(c.user_id, c.parent_id, c.name, { name: 'uq_folders_user_parent_name', nullsNotDistinct: true }),
    // the target of foreign keys that require a folder of the same user
    unique(c.user_id, c.id, { name: 'uq_folders_user_id' }),
    references(c.user_id, users.columns.id),
    references([c.user_id, c.parent_id], [c.user_id, c.id]),
    acyclic(c.parent_id),
  ],
);

/**
 * The documents: owner, folder, details, and the content's hash and key. The content of each document is stored under its
 * own `object_key`. `search_text` is the beginning of its name and text, which is searched. `text_bytes` is the size of
 * `extracted_text` as it was charged to the quota: 0 for a text of version 0.1, which charged none.
 */
export const documents = table(
  'documents',
  {
    id: id(),
    user_id: z.uuid(),
    folder_id: z.uuid().nullable(),
    filename: name(),
    content_type: mediaType().min(1),
    size_bytes: z.int().min(0),
    sha256: sha256().nullable(),
    object_key: z.uuid(),
    extracted_text: z.string().nullable(),
    search_text: z.string().nullable(),
    text_bytes: z.int().min(0).default(0),
    ...timestamps(),
  },
  (c) => [
    unique(c.object_key),
    // the target of the foreign key that requires a share's owner to own the document
    unique(c.id, c.user_id, { name: 'uq_documents_id_user' }),
    index(c.user_id, c.folder_id),
    index(c.user_id, c.created_at),
    index(c.sha256),
    fullText({ columns: [c.search_text] }),
    references(c.user_id, users.columns.id),
    references([c.user_id, c.folder_id], [folders.columns.user_id, folders.columns.id]),
  ],
);

/**
 * The stores of content that belong to this database: the store has the id too. A sweep of another database's store would
 * remove the content of all its documents.
 */
export const contentStores = table('content_stores', { id: id(), created_at: createdAt() });

/** The topics of documents; a topic belongs to one user or, if `user_id` is NULL, is shared by all users. */
export const topics = table(
  'topics',
  { id: id(), user_id: z.uuid().nullable(), name: z.string().min(1).max(100) },
  (c) => [
    unique(c.user_id, c.name, { name: 'uq_topics_user_name', nullsNotDistinct: true }),
    references(c.user_id, users.columns.id),
  ],
);

/** The assignment of topics to documents. */
export const documentTopics = table('document_topics', { document_id: z.uuid(), topic_id: z.uuid() }, (c) => [
  primaryKey(c.document_id, c.topic_id),
  index(c.topic_id),
  references(c.document_id, documents.columns.id, { onDelete: 'cascade' }),
  references(c.topic_id, topics.columns.id, { onDelete: 'cascade' }),
]);

/** The shares of documents. The owner of a share owns the document, and the recipient is another user. */
export const shares = table(
  'shares',
  {
    id: id(),
    document_id: z.uuid(),
    owner_id: z.uuid(),
    recipient_id: z.uuid(),
    permission: z.enum(permissions),
    created_at: createdAt(),
  },
  (c) => [
    unique(c.document_id, c.recipient_id, { name: 'uq_shares_document_recipient' }),
    index(c.recipient_id),
    references([c.document_id, c.owner_id], [documents.columns.id, documents.columns.user_id], {
      onDelete: 'cascade',
    }),
    references(c.recipient_id, users.columns.id),
    check('shares_recipient_is_another', 'recipient_id <> owner_id'),
  ],
);

/**
 * The log of events: who did what, when and from which IP address. Append-only, a ledger. It has no foreign keys,
 * because it outlives the rows it describes.
 */
export const auditLog = table(
  'audit_log',
  {
    id: autoincrement(),
    user_id: z.uuid().nullable(),
    action: z.string().min(1).max(100),
    resource_type: z.string().min(1).max(50).nullable(),
    resource_id: z.string().min(1).max(255).nullable(),
    ip_address: inet().nullable(),
    metadata: z.record(z.string(), z.json()).nullable(),
    created_at: createdAt(),
  },
  (c) => [index(c.user_id, c.id), appendOnly(), ledgered()],
);

/** The connections of users to cloud accounts. The credentials are encrypted with the user's key. */
export const cloudConnections = table(
  'cloud_connections',
  {
    id: id(),
    user_id: z.uuid(),
    provider: z.string().min(1).max(50),
    display_name: z.string().min(1).max(200),
    credentials_enc: ciphertext(z.record(z.string(), z.json())),
    ...timestamps(),
  },
  (c) => [
    index(c.user_id),
    references(c.user_id, users.columns.id),
    encrypted({ scope: c.user_id, keys: dataKeys }),
  ],
);

/** The groups: a table reserved for later use, to which no service writes yet. */
export const groups = table('groups', {
  id: id(),
  name: z.string().min(1).max(200),
  created_at: createdAt(),
});

/** A row of `users`. */
export type User = Row<typeof users>;
/** A row of `quotas`. */
export type Quota = Row<typeof quotas>;
/** A row of `refresh_tokens`. */
export type RefreshToken = Row<typeof refreshTokens>;
/** A row of `login_attempts`. */
export type LoginAttemptCount = Row<typeof loginAttempts>;
/** A row of `folders`. */
export type Folder = Row<typeof folders>;
/** A row of `documents`. */
export type Document = Row<typeof documents>;
/** A row of `content_stores`. */
export type ContentStore = Row<typeof contentStores>;
/** A row of `topics`. */
export type Topic = Row<typeof topics>;
/** A row of `shares`. */
export type Share = Row<typeof shares>;
/** A row of `audit_log`. */
export type AuditRecord = Row<typeof auditLog>;
/** A row of `cloud_connections`. */
export type CloudConnection = Row<typeof cloudConnections>;

/** The tables of this system. */
export const tables = {
  users,
  quotas,
  refreshTokens,
  loginAttempts,
  folders,
  documents,
  contentStores,
  topics,
  documentTopics,
  shares,
  auditLog,
  cloudConnections,
  groups,
  dataKeys,
};

/** The type of the session that the services of this system require. */
export type DocuvaultSession = Session<typeof tables>;

/** An open database of this system. */
export type DocuvaultDatabase = Database<typeof tables>;
