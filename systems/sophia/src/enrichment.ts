import { AshlarError } from 'ashlar';
import { assertFields, changeClient, lockActiveClient } from './dossier.js';
import {
  type Client,
  type EnrichableField,
  type Enrichment,
  enrichmentLog,
  type SophiaSession,
} from './tables.js';

/** A fact that somebody found out. */
export interface Fact<F extends EnrichableField = EnrichableField> {
  readonly field: F;
  readonly value: NonNullable<Client[F]>;
  /** Where it comes from: `website`, `call of 3 May`. */
  readonly source: string;
  readonly reason?: string | null | undefined;
}

/** What an enrichment wrote. */
export interface Enriched {
  readonly client: Client;
  readonly enrichment: Enrichment;
}

/**
 * Writes a fact into a dossier and where it comes from: the field, a line of the enrichment log with the value before and
 * after, and one of the audit log, all or none. A fact that was known already gets its line too: another source said so.
 *
 * Those that come at once queue at the client, so that none overwrites what it did not see.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the client is archived; `input-invalid` for a field that
 *   cannot be enriched, and for `null`, which is no fact; `value-invalid` when the value does not fit the field
 */
export const enrich = async <F extends EnrichableField>(
  s: SophiaSession,
  client_id: Client['id'],
  { field, value, source, reason = null }: Fact<F>,
): Promise<Enriched> => {
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
  const enrichment = await s.insert(enrichmentLog, {
    client_id,
    field_name: field,
    old_value: before[field],
    new_value: value,
    source,
    reason,
  });
  return { client, enrichment };
};

const assertEnrichable = (field: string, value: unknown): void => {
  assertFields([field]);
  if (field === 'name') {
    throw new AshlarError('input-invalid', {
      message: 'A client is not named by an enrichment.',
      suggestion: 'Use updateClient: names are unique, and may not stand in the institutional knowledge.',
    });
  }
  if (value === null || value === undefined) {
    throw new AshlarError('input-invalid', {
      message: `No value was given for ${field}.`,
      suggestion: 'Use updateClient to empty a field.',
    });
  }
};

/** The lines of the enrichment log of a client, the oldest first; of one field where it is given. */
export const enrichmentsOf = (
  s: SophiaSession,
  client_id: Client['id'],
  field?: EnrichableField,
): Promise<Enrichment[]> => {
  let lines = s.query.selectFrom('enrichment_log').selectAll().where('client_id', '=', client_id);
  if (field !== undefined) lines = lines.where('field_name', '=', field);
  return lines.orderBy('id').execute();
};
