import {
  check,
  ciphertext,
  createdAt,
  id,
  index,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
  timestamp,
  timestamps,
  unique,
} from 'ashlar';
import { appendOnly, audited, auditTrail, encrypted, keyring, ledgered, scoped } from 'ashlar/guarantees';
import { z } from 'zod';
import { namedNowhere, namesNoClient } from './anonymity/anonymity.js';
import { completenessSql, mvpReadySql } from './completeness.js';
import { ofLiving, saysNothing, staysErased } from './erased/erased.js';

// structured data that evolves without a migration; an empty object would count as known
const facts = () =>
  z
    .record(z.string().min(1), z.json())
    .refine((value) => Object.keys(value).length > 0, 'is empty: use null when nothing is known');
const list = () => z.array(z.string().min(1)).min(1);
const text = () => z.string().min(1);
const percent = () => z.int32().min(0).max(100).default(0);

/**
 * The audit trail of dossiers, voice profiles and voice materials: the database records each change, with its actor and the
 * columns that changed. A ledger. It has no value that says something about a client: such values are in `record_contents`.
 */
export const recordChanges = auditTrail('record_changes', (c) => [ledgered(), scoped(c.scope)]);

/** The key of each client, wrapped by COLUMN_KEY. Without it the contents of append-only records are unreadable. */
export const clientKeys = keyring('client_keys', (c) => [scoped(c.scope)]);

/** The columns that say something about a client, and may be NULL. */
const tellingFields = [
  'business_description',
  'geography_area',
  'geography_radius_km',
  'industry_vertical',
  'target_audience',
  'content_pillars',
  'posting_cadence',
  'platform_accounts',
  'guardrails',
  'brand_assets',
  'competitors',
  'market_scope',
  'onboarding_state',
  'last_action_summary',
] as const;

/**
 * The clients with their dossiers, one row for each client. CHECK constraints keep the completeness and readiness of
 * each row correct.
 */
export const clients = table(
  'clients',
  {
    id: id(),
    name: z
      .string()
      .max(200)
      .regex(/[\p{L}\p{N}]/u, 'has neither a letter nor a digit'),
    name_key: z.string().min(1),
    industry: text().max(200),
    business_description: text().nullable(),
    geography_area: text().nullable(),
    geography_radius_km: z.int32().min(0).nullable(),
    industry_vertical: text().nullable(),
    target_audience: facts().nullable(),
    content_pillars: list().nullable(),
    posting_cadence: facts().nullable(),
    platform_accounts: facts().nullable(),
    guardrails: facts().nullable(),
    brand_assets: facts().nullable(),
    competitors: list().nullable(),
    market_scope: facts().nullable(),
    onboarding_state: facts().nullable(),
    is_archived: z.boolean().default(false),
    archived_at: timestamp().nullable(),
    profile_completeness_pct: percent(),
    is_mvp_ready: z.boolean().default(false),
    last_activity_at: timestamp().nullable(),
    last_action_summary: z.string().nullable(),
    ...timestamps(),
    erased_at: timestamp().nullable(),
  },
  (c) => [
    unique(c.name),
    unique(c.name_key),
    index(c.is_archived),
    check('clients_archived_when', 'is_archived = (archived_at IS NOT NULL)'),
    check('clients_complete_as_filled', `profile_completeness_pct = ${completenessSql}`),
    check('clients_ready_as_filled', `is_mvp_ready = (${mvpReadySql})`),
    check('clients_erased_is_archived', 'erased_at IS NULL OR is_archived'),
    // a name and an industry cannot be NULL
    check(
      'clients_erased_is_empty',
      `erased_at IS NULL OR (name LIKE 'erased %' AND industry = 'erased' AND ${tellingFields.map((field) => `${field} IS NULL`).join(' AND ')})`,
    ),
    scoped(c.id),
    audited({
      into: recordChanges,
      except: [c.name, c.name_key, c.industry, ...tellingFields.map((field) => c[field])],
    }),
    namedNowhere(),
    staysErased(),
  ],
);

/** The columns of a dossier that only the services of this system set; callers cannot set them. */
export const managedFields = [
  'id',
  'is_archived',
  'archived_at',
  'profile_completeness_pct',
  'is_mvp_ready',
  'last_activity_at',
  'last_action_summary',
  'created_at',
  'updated_at',
  'name_key',
  'erased_at',
] as const satisfies readonly (keyof Client)[];

/** A column of a dossier that callers can write. */
export type DossierField = Exclude<keyof Client, (typeof managedFields)[number]>;
/** The columns of a dossier that callers can write. */
export const dossierFields = Object.keys(clients.columns).filter(
  (name) => !(managedFields as readonly string[]).includes(name),
) as readonly DossierField[];

/** A column of a dossier that `enrich` can write: any {@link DossierField} except the name. */
export type EnrichableField = Exclude<DossierField, 'name'>;
/** The columns of a dossier that `enrich` can write. */
export const enrichableFields = dossierFields.filter((field) => field !== 'name');

/** The voice profiles: one for each client, recomputed whenever a text of the client is added. */
export const voiceProfiles = table(
  'voice_profiles',
  {
    id: id(),
    client_id: z.uuid(),
    profile_data: z.record(z.string(), z.json()),
    overall_confidence_pct: percent(),
    sample_count: z.int32().min(0).default(0),
    last_calibrated_at: timestamp().nullable(),
    ...timestamps(),
  },
  (c) => [
    unique(c.client_id),
    references(c.client_id, clients.columns.id),
    scoped(c.client_id),
    audited({ into: recordChanges, except: [c.profile_data] }),
    ofLiving(),
  ],
);

/** The texts in clients' own voices; `metadata.readability` holds the readability of each text. */
export const voiceMaterials = table(
  'voice_materials',
  {
    id: id(),
    client_id: z.uuid(),
    source_type: text().max(50),
    content: text(),
    source_url: z.url().nullable(),
    metadata: z.record(z.string(), z.json()).nullable(),
    ...timestamps(),
  },
  (c) => [
    index(c.client_id),
    references(c.client_id, clients.columns.id),
    scoped(c.client_id),
    audited({ into: recordChanges, except: [c.source_type, c.content, c.source_url, c.metadata] }),
    ofLiving(),
  ],
);

/**
 * The log of enrichments: which field of a dossier was written, and when. Append-only. The values, their origin and the reason
 * are in `record_contents`; rows from before that table have them here.
 */
export const enrichmentLog = table(
  'enrichment_log',
  {
    id: id(),
    client_id: z.uuid(),
    field_name: z.enum(enrichableFields),
    old_value: z.json().nullable(),
    new_value: z.json().nullable(),
    source: text().nullable(),
    reason: text().nullable(),
    timestamp: createdAt(),
  },
  (c) => [
    index(c.client_id, c.field_name),
    references(c.client_id, clients.columns.id),
    scoped(c.client_id),
    appendOnly(),
    saysNothing('old_value', 'new_value', 'source', 'reason'),
  ],
);

/**
 * The log of actions: what was done, and by whom. Append-only, a ledger. The details of an action that concerns a client, and
 * the row before and after it, are in `record_contents`; rows from before that table have them here.
 */
export const auditLog = table(
  'audit_log',
  {
    id: id(),
    client_id: z.uuid().nullable(),
    action: text().max(100),
    actor: text().max(255).default('sophia'),
    details: z.record(z.string(), z.json()).nullable(),
    before_snapshot: z.record(z.string(), z.json()).nullable(),
    after_snapshot: z.record(z.string(), z.json()).nullable(),
    created_at: createdAt(),
  },
  (c) => [
    index(c.client_id, c.action),
    scoped(c.client_id),
    appendOnly(),
    ledgered(),
    saysNothing('details', 'before_snapshot', 'after_snapshot'),
  ],
);

/** What a row of `audit_log` says of a client. */
const actionContent = z.strictObject({
  details: z.record(z.string(), z.json()).nullable(),
  before_snapshot: z.record(z.string(), z.json()).nullable(),
  after_snapshot: z.record(z.string(), z.json()).nullable(),
});

/** What a row of `enrichment_log` says of a client. */
const enrichmentContent = z.strictObject({
  old_value: z.json(),
  new_value: z.json(),
  source: text(),
  reason: text().nullable(),
});

/**
 * What rows of `audit_log` and `enrichment_log` say of a client, under their ids, encrypted under the client's key: when that
 * is shredded, nobody can read it. Append-only, a ledger of ciphertexts.
 */
export const recordContents = table(
  'record_contents',
  {
    id: z.uuid(),
    client_id: z.uuid(),
    log: z.enum(['audit_log', 'enrichment_log']),
    content: ciphertext(z.union([actionContent, enrichmentContent])),
    created_at: createdAt(),
  },
  (c) => [
    primaryKey(c.id),
    index(c.client_id),
    references(c.client_id, clients.columns.id),
    scoped(c.client_id),
    encrypted({ scope: c.client_id, keys: clientKeys }),
    appendOnly(),
    ledgered(),
  ],
);

/** The institutional knowledge: it applies to every client and must not name any client. No row names a client. */
export const institutionalKnowledge = table(
  'institutional_knowledge',
  {
    id: id(),
    category: text().max(100),
    content: text(),
    source: text().nullable(),
    tags: list().nullable(),
    confidence: z.number().min(0).max(1).nullable(),
    ...timestamps(),
  },
  (c) => [index(c.category), namesNoClient()],
);

/** A row of `clients`. */
export type Client = Row<typeof clients>;
/** A row of `voice_profiles`. */
export type VoiceProfile = Row<typeof voiceProfiles>;
/** A row of `voice_materials`. */
export type VoiceMaterial = Row<typeof voiceMaterials>;
/** A row of `enrichment_log`. */
export type Enrichment = Row<typeof enrichmentLog>;
/** A row of `audit_log`. */
export type AuditRecord = Row<typeof auditLog>;
/** A row of `record_contents`. */
export type RecordContent = Row<typeof recordContents>;
/** A row of `institutional_knowledge`. */
export type Knowledge = Row<typeof institutionalKnowledge>;
/** A row of `record_changes`. */
export type RecordChange = Row<typeof recordChanges>;

/** The tables of this system. */
export const tables = {
  clients,
  voiceProfiles,
  voiceMaterials,
  enrichmentLog,
  auditLog,
  recordContents,
  clientKeys,
  institutionalKnowledge,
  recordChanges,
};

/** The type of the session that the services of this system require. */
export type SophiaSession = Session<typeof tables>;
