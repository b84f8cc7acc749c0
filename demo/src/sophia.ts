import {
  addVoiceMaterial,
  archiveClient,
  type Client,
  clientActions,
  createClient,
  enrich,
  enrichmentsOf,
  findClient,
  findKnowledge,
  likelyDuplicates,
  listClients,
  recordKnowledge,
  restoreClient,
  sampleClients,
  sampleKnowledge,
  sampleText,
  type sophia,
  type VoiceSummary,
  voiceMaterialsOf,
  voiceProfileOf,
} from '@ashlar/sophia';
import { AshlarError, type Database, everyScope } from 'ashlar';
import { count, did, found, say } from './output.js';

type SophiaDatabase = Database<(typeof sophia)['tables']>;

const operator = { actor: 'demo', scope: everyScope };

/** Creates the sample's dossiers, enriches, archives and restores one, and shows the rows that a client's session sees. */
export async function runSophia(db: SophiaDatabase): Promise<void> {
  await createDossiers(db);
  await showVoices(db);
  await findDuplicate(db);
  const client = await db.read(operator, (s) => findClient(s, 'Northfold Joinery Ltd'));
  if (!client) throw new Error('The sample has no Northfold Joinery.');
  await enrichDossier(db, client);
  await archiveAndRestore(db, client);
  await recordSampleKnowledge(db);
  await compareScopes(db, client);
}

const createDossiers = async (db: SophiaDatabase): Promise<void> => {
  let words = 0;
  for (const { client, texts } of sampleClients) {
    if (await db.read(operator, (s) => findClient(s, client.name))) continue;
    const contents = await Promise.all(texts.map(({ file }) => sampleText(file)));
    await db.session(operator, async (s) => {
      const { id } = await createClient(s, client);
      for (const [at, content] of contents.entries()) {
        const source_type = texts[at]?.source_type ?? 'text';
        const { material } = await addVoiceMaterial(s, { client_id: id, source_type, content });
        words += Number((material.metadata?.readability as { words?: number } | undefined)?.words);
      }
    });
  }
  if (words > 0) did(`created ${sampleClients.length} dossiers with ${count(words)} words of voice material`);
  else found(`${sampleClients.length} dossiers`);
};

const showVoices = (db: SophiaDatabase): Promise<void> =>
  db.read(operator, async (s) => {
    for (const client of await listClients(s)) {
      const profile = await voiceProfileOf(s, client.id);
      const summary = profile?.profile_data.readability as VoiceSummary | undefined;
      const { min, max } = summary?.flesch_reading_ease ?? { min: 0, max: 0 };
      say(
        `    ${client.name}: ${profile?.sample_count ?? 0} texts, reading ease ${min} to ${max}; ` +
          `${client.profile_completeness_pct}% complete${client.is_mvp_ready ? ', ready' : ''}`,
      );
    }
  });

const findDuplicate = async (db: SophiaDatabase): Promise<void> => {
  const name = 'Harbor and Vine Ltd.';
  const [duplicate] = await db.read(operator, (s) => likelyDuplicates(s, name));
  did(`“${name}” is likely a duplicate of “${duplicate?.name}”, score ${duplicate?.score}`);
};

const enrichDossier = async (db: SophiaDatabase, { id, name }: Client): Promise<void> => {
  const known = await db.read(operator, (s) => enrichmentsOf(s, id));
  if (known.length > 0) {
    found(`${count(known.length)} enrichment of ${name}`);
    return;
  }
  const fact = {
    value: { primary: 'architects', secondary: 'owners of old houses' },
    source: 'call of 3 May',
  };
  const { client } = await db.session({ actor: 'demo', scope: id }, (s) =>
    enrich(s, id, { field: 'target_audience', ...fact, reason: 'asked who their customers are' }),
  );
  did(`enriched target_audience of ${name} from a call: ${client.profile_completeness_pct}% complete now`);
};

const archiveAndRestore = async (db: SophiaDatabase, { id, name }: Client): Promise<void> => {
  const archived = await db.read(operator, (s) => clientActions(s, id, { action: 'client.archived' }));
  if (archived.length > 0) {
    found(`${name} archived and restored`);
    return;
  }
  await db.session(operator, (s) => archiveClient(s, id, 'demonstration'));
  const error = await errorOf(
    db.session(operator, (s) => enrich(s, id, { field: 'industry', value: 'x', source: 'x' })),
  );
  await db.session(operator, (s) => restoreClient(s, id));
  did(`archived ${name}, tried to change it (“${error}”), and restored it`);
};

const recordSampleKnowledge = async (db: SophiaDatabase): Promise<void> => {
  const known = await db.read(operator, (s) => findKnowledge(s));
  if (known.length > 0) {
    found(`${count(known.length)} pieces of institutional knowledge`);
  } else {
    await db.session(operator, async (s) => {
      for (const knowledge of sampleKnowledge) await recordKnowledge(s, knowledge);
    });
    did(`recorded ${sampleKnowledge.length} pieces of institutional knowledge`);
  }
  const revealing = { category: 'tone', content: 'Write like northfold joinry does.' };
  did(
    `tried to record knowledge that names a client: ${await errorOf(db.session(operator, (s) => recordKnowledge(s, revealing)))}`,
  );
};

const compareScopes = async (db: SophiaDatabase, client: Client): Promise<void> => {
  const seen = (scope: string) =>
    db.read({ scope }, async (s) => {
      const clients = await s.query.selectFrom('clients').select('id').execute();
      const texts = await s.query.selectFrom('voice_materials').select('id').execute();
      return `${clients.length} of the dossiers, ${texts.length} of the texts`;
    });
  const others = await db.read({ scope: client.id }, async (s) => {
    const rows = await s.query.selectFrom('audit_log').select('client_id').execute();
    return rows.filter(({ client_id }) => client_id !== client.id).length;
  });
  did(`the operator sees ${await seen(everyScope)}`);
  did(
    `the session of ${client.name} sees ${await seen(client.id)}, and ${others} rows of other clients in audit_log`,
  );
  const own = await db.read({ scope: client.id }, (s) => voiceMaterialsOf(s, client.id));
  if (own.length === 0) throw new Error('A client does not see its own texts.');
};

const errorOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof AshlarError) return error.message;
    throw error;
  }
  throw new Error('The attempt should have failed.');
};
