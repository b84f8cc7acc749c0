import {
  check,
  createdAt,
  id,
  index,
  type Row,
  references,
  type Session,
  table,
  timestamp,
  timestamps,
  unique,
} from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, scoped } from 'ashlar/guarantees';
import { z } from 'zod';
import { namedNowhere, namesNoClient } from './anonymity/anonymity.js';
import { completenessSql, mvpReadySql } from './completeness.js';

// what evolves without a migration; an empty one would count as known
const facts = () =>
  z
    .record(z.string().min(1), z.json())
    .refine((value) => Object.keys(value).length > 0, 'is empty: null says that nothing is known');
const list = () => z.array(z.string().min(1)).min(1);
const text = () => z.string().min(1);
const percent = () => z.int32().min(0).max(100).default(0);

/** Every dossier, voice profile and voice material that was written, by whom, before and after: by the database itself, in a ledger. */
export const recordChanges = auditTrail('record_changes', (c) => [ledgered(), scoped(c.scope)]);

/** The dossiers. A client is never without its figures: how complete it is and whether a first text can be written. */
export const clients = table(
  'clients',
  {
    id: id(),
    name: z
      .string()
      .max(200)
      .regex(/[\p{L}\p{N}]/u, 'has neither a letter nor a digit'),
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
  },
  (c) => [
    unique(c.name),
    index(c.is_archived),
    check('clients_archived_when', 'is_archived = (archived_at IS NOT NULL)'),
    check('clients_complete_as_filled', `profile_completeness_pct = ${completenessSql}`),
    check('clients_ready_as_filled', `is_mvp_ready = (${mvpReadySql})`),
    scoped(c.id),
    audited({ into: recordChanges }),
    namedNowhere(),
  ],
);

/** The columns of a dossier that the services keep themselves. */
export const keptFields = [
  'id',
  'is_archived',
  'archived_at',
  'profile_completeness_pct',
  'is_mvp_ready',
  'last_activity_at',
  'last_action_summary',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof Client)[];

/** The columns of a dossier that a caller writes. */
export type DossierField = Exclude<keyof Client, (typeof keptFields)[number]>;
export const dossierFields = Object.keys(clients.columns).filter(
  (name) => !(keptFields as readonly string[]).includes(name),
) as readonly DossierField[];

/** The columns that can be enriched: all of those but the name, which says whose dossier it is. */
export type EnrichableField = Exclude<DossierField, 'name'>;
export const enrichableFields = dossierFields.filter((field) => field !== 'name');

/** How a client sounds: one profile each, recomputed whenever material is added. */
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
    audited({ into: recordChanges }),
  ],
);

/** Texts in a client's own voice; `metadata.readability` holds their figures. */
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
    audited({ into: recordChanges }),
  ],
);

/** Where each fact of a dossier came from. Rows never change and never leave. */
export const enrichmentLog = table(
  'enrichment_log',
  {
    id: id(),
    client_id: z.uuid(),
    field_name: z.enum(enrichableFields),
    old_value: z.json().nullable(),
    new_value: z.json(),
    source: text(),
    reason: text().nullable(),
    timestamp: createdAt(),
  },
  (c) => [
    index(c.client_id, c.field_name),
    references(c.client_id, clients.columns.id),
    scoped(c.client_id),
    appendOnly(),
  ],
);

/** What was done, by whom, with the dossier before and after. Rows never change and never leave, which the ledger shows. */
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
  (c) => [index(c.client_id, c.action), scoped(c.client_id), appendOnly(), ledgered()],
);

/** What was learned and holds for any client: nothing here names one. */
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

export type Client = Row<typeof clients>;
export type VoiceProfile = Row<typeof voiceProfiles>;
export type VoiceMaterial = Row<typeof voiceMaterials>;
export type Enrichment = Row<typeof enrichmentLog>;
export type AuditEntry = Row<typeof auditLog>;
export type Knowledge = Row<typeof institutionalKnowledge>;
export type RecordChange = Row<typeof recordChanges>;

export const tables = {
  clients,
  voiceProfiles,
  voiceMaterials,
  enrichmentLog,
  auditLog,
  institutionalKnowledge,
  recordChanges,
};

/** A session that the services of this system run in. */
export type SophiaSession = Session<typeof tables>;
