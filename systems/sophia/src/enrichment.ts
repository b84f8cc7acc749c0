import { AshlarError } from 'ashlar';
import { storeContent, withContents } from './contents.js';
import { assertFields, changeClient, lockActiveClient } from './dossier.js';
import {
  type Client,
  type EnrichableField,
  type Enrichment,
  enrichmentLog,
  type SophiaSession,
} from './tables.js';

/** A fact about a client: the value of a field of the dossier, and the origin of the value. */
export interface Fact<F extends EnrichableField = EnrichableField> {
  readonly field: F;
  readonly value: NonNullable<Client[F]>;
  /** The origin of the fact, for example `website` or `call of 3 May`. */
  readonly source: string;
  readonly reason?: string | null | undefined;
}

/** The rows that {@link enrich} wrote. */
export interface Enriched {
  readonly client: Client;
  readonly enrichment: Enrichment;
}

/**
 * Writes a fact into a dossier and, in the same transaction, adds a row to `enrichment_log` (with the origin, the old
 * and the new value) and a row to `audit_log`. A fact that is known already is recorded too, as confirmed by another
 * source.
 *
 * Concurrent enrichments of a client run one after the other, so none overwrites a value that it has not read.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the client is archived; `input-invalid` for a field that
 *   cannot be enriched and for `null`, which is not a fact; `value-invalid` when the field does not accept the value
 */
export async function enrich<F extends EnrichableField>(
  s: SophiaSession,
  client_id: Client['id'],
  { field, value, source, reason = null }: Fact<F>,
): Promise<Enriched> {
  assertEnrichable(field, value);
  const before = await lockActiveClient(s, client_id);
  const client = await changeClient(
    s,
    before,
    { [field]: value },
    {
      action: 'client.enriched',
      summary: `Enriched ${field} from ${source}`,
      details: { field, source, reason },
    },
  );
  const content = { old_value: before[field], new_value: value, source, reason };
  const enrichment = await s.insert(enrichmentLog, { client_id, field_name: field });
  await storeContent(s, 'enrichment_log', { id: enrichment.id, client_id }, content);
  return { client, enrichment: { ...enrichment, ...content } };
}

const assertEnrichable = (field: string, value: unknown): void => {
  assertFields([field]);
  if (field === 'name') {
    throw new AshlarError('input-invalid', {
      message: 'An enrichment cannot change the name of a client.',
      suggestion: 'Use updateClient: names are unique and must not occur in the institutional knowledge.',
    });
  }
  if (value === null || value === undefined) {
    throw new AshlarError('input-invalid', {
      message: `The value of ${field} is missing.`,
      suggestion: 'Pass a value, or use updateClient to set a field to null.',
    });
  }
};

/**
 * Returns a client's rows of `enrichment_log` with their contents, oldest first; if `field` is given, only the rows of that
 * field. After the client was erased the rows have no contents.
 */
export async function enrichmentsOf(
  s: SophiaSession,
  client_id: Client['id'],
  field?: EnrichableField,
): Promise<Enrichment[]> {
  let lines = s.query.selectFrom('enrichment_log').selectAll().where('client_id', '=', client_id);
  if (field !== undefined) lines = lines.where('field_name', '=', field);
  return withContents(
    s,
    { log: 'enrichment_log', client_id, fields: ['old_value', 'new_value', 'source', 'reason'] },
    await lines.orderBy('id').execute(),
  );
}
