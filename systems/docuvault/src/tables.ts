import {
  autoincrement,
  check,
  ciphertext,
  createdAt,
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

/** What the recipient of a share may do: look, or also change what the document holds and says. */
export const permissions = ['read', 'write'] as const;
export type Permission = (typeof permissions)[number];

/** How much a user may keep where nobody says otherwise: 100 MiB. */
export const defaultQuota = 104_857_600;

const sha256 = () =>
  z
    .string()
    .length(64)
    .regex(/^[0-9a-f]*$/);
/** A name of one part of a path: no slash, no control character, and not the names that mean a place. */
const name = () =>
  z
    .string()
    .min(1)
    .max(255)
    .regex(/^(?!\.{1,2}$)[^/\p{Cc}]+$/u);

/** The data keys of users, wrapped; it stands besides the eleven tables, because a key must not lie in a row that it opens. */
export const dataKeys = keyring('data_keys');

/** Who keeps documents here. Handles and addresses are in lower case, so that one person has one. */
export const users = table(
  'users',
  {
    id: id(),
    handle: z
      .string()
      .min(3)
      .max(50)
      .regex(/^[a-z0-9][a-z0-9._-]*$/),
    email: z.email().max(254).lowercase(),
    // only a hash in PHC form: a password that was handed over by mistake does not fit
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

/** How much a user may keep, and how much his documents hold: never more. */
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
 * Refresh tokens, of which only hashes are kept. `family_id` is shared by all tokens that came from one login, each by
 * rotation of the one before; `used_at` tells a token that was rotated from one that was revoked.
 */
export const refreshTokens = table(
  'refresh_tokens',
  {
    id: id(),
    user_id: z.uuid(),
    family_id: z.uuid(),
    token_hash: sha256(),
    expires_at: timestamp(),
    used_at: timestamp().nullable(),
    revoked: z.boolean().default(false),
    created_at: createdAt(),
  },
  (c) => [
    unique(c.token_hash),
    index(c.user_id, c.revoked),
    index(c.family_id),
    references(c.user_id, users.columns.id),
    check('refresh_tokens_used_once', 'used_at IS NULL OR revoked'),
  ],
);

/** A user's folders, as trees. A folder and the one above it are of the same user. */
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
    // what others refer to when they say that a folder is of the same user
    unique(c.user_id, c.id, { name: 'uq_folders_user_id' }),
    references(c.user_id, users.columns.id),
    references([c.user_id, c.parent_id], [c.user_id, c.id]),
    acyclic(c.parent_id),
  ],
);

/** What is kept: whose it is, where it stands, and by its hash which bytes. Several may have the same bytes. */
export const documents = table(
  'documents',
  {
    id: id(),
    user_id: z.uuid(),
    folder_id: z.uuid().nullable(),
    filename: name(),
    content_type: z.string().min(1).max(255),
    size_bytes: z.int().min(0),
    sha256: sha256().nullable(),
    object_key: z.uuid(),
    extracted_text: z.string().nullable(),
    ...timestamps(),
  },
  (c) => [
    unique(c.object_key),
    // what a share refers to when it says that its owner is the document's
    unique(c.id, c.user_id, { name: 'uq_documents_id_user' }),
    index(c.user_id, c.folder_id),
    index(c.user_id, c.created_at),
    // who else has the same bytes
    index(c.sha256),
    references(c.user_id, users.columns.id),
    references([c.user_id, c.folder_id], [folders.columns.user_id, folders.columns.id]),
  ],
);

/** What documents are about: a user's own words, or with no user those of everybody. */
export const topics = table(
  'topics',
  { id: id(), user_id: z.uuid().nullable(), name: z.string().min(1).max(100) },
  (c) => [
    unique(c.user_id, c.name, { name: 'uq_topics_user_name', nullsNotDistinct: true }),
    references(c.user_id, users.columns.id),
  ],
);

/** Which document is about what. */
export const documentTopics = table('document_topics', { document_id: z.uuid(), topic_id: z.uuid() }, (c) => [
  primaryKey(c.document_id, c.topic_id),
  index(c.topic_id),
  references(c.document_id, documents.columns.id, { onDelete: 'cascade' }),
  references(c.topic_id, topics.columns.id, { onDelete: 'cascade' }),
]);

/** Who else may reach a document. Its owner is the document's, and shares with others only. */
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

/** Who did what, when, from where. It outlives what it tells of, so it refers to nothing; a ledger shows that it was not rewritten. */
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

/** A user's accounts with other clouds; what opens them is encrypted under the user's own key. */
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

/** There for completeness: nothing writes to it yet. */
export const groups = table('groups', {
  id: id(),
  name: z.string().min(1).max(200),
  created_at: createdAt(),
});

export type User = Row<typeof users>;
export type Quota = Row<typeof quotas>;
export type RefreshToken = Row<typeof refreshTokens>;
export type Folder = Row<typeof folders>;
export type Document = Row<typeof documents>;
export type Topic = Row<typeof topics>;
export type Share = Row<typeof shares>;
export type AuditEntry = Row<typeof auditLog>;
export type CloudConnection = Row<typeof cloudConnections>;

export const tables = {
  users,
  quotas,
  refreshTokens,
  folders,
  documents,
  topics,
  documentTopics,
  shares,
  auditLog,
  cloudConnections,
  groups,
  dataKeys,
};

/** A session that the services of this system run in. */
export type DocuvaultSession = Session<typeof tables>;
