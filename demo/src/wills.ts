import {
  approvedTextHash,
  clauseHistory,
  consentStatus,
  diffClause,
  grantConsent,
  publishClause,
  renderClause,
  sampleClauses,
  supersedeClause,
  type wills,
  willsSettings,
  withdrawConsent,
} from '@ashlar/wills';
import type { Database } from 'ashlar';
import { count, did, found, say } from './output.js';

type WillsDatabase = Database<(typeof wills)['tables']>;

const code = 'EXEC-01';
const subject_id = 'demo-subject';
const actor = 'demo';

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    │ ${line}`)
    .join('\n');

/** Publishes the placeholder clauses, supersedes and renders one, and records and withdraws consent. */
export async function runWills(db: WillsDatabase): Promise<void> {
  await publishLibrary(db);
  await supersede(db);
  await render(db);
  await consent(db);
}

const publishLibrary = async (db: WillsDatabase): Promise<void> => {
  let published = 0;
  for (const clause of sampleClauses) {
    const versions = await db.read((s) => clauseHistory(s, clause.code));
    if (versions.length > 0) continue;
    await db.session({ actor }, (s) => publishClause(s, clause));
    published++;
  }
  if (published > 0) did(`published ${published} clauses, each marked “${sampleClauses[0]?.approved_by}”`);
  else found(`${sampleClauses.length} placeholder clauses`);
};

const supersede = async (db: WillsDatabase): Promise<void> => {
  const versions = await db.read((s) => clauseHistory(s, code));
  const first = versions.find((clause) => clause.version === 1);
  if (versions.length > 1 || !first) {
    found(`${count(versions.length)} versions of ${code}`);
  } else {
    const { approved_by, approved_at, approval_notes } = first;
    const template_text = `${first.template_text.trimEnd()}\nMy executor has the power of assumption.\n`;
    const approved_text_sha256 = approvedTextHash({ ...first, template_text });
    await db.session({ actor }, (s) =>
      supersedeClause(s, code, {
        template_text,
        approved_by,
        approved_at,
        approval_notes,
        approved_text_sha256,
      }),
    );
    did(`superseded ${code}: version 2 is current, version 1 is kept and linked`);
  }
  const { text } = await db.read((s) => diffClause(s, code, 1, 2));
  say(indent(text));
};

const render = async (db: WillsDatabase): Promise<void> => {
  const variables = { executor_name: 'Nomsa Dlamini', substitute_name: 'Pieter van Wyk' };
  const rendered = await db.read((s) => renderClause(s, { code, variables }));
  did(`rendered ${code} version ${rendered.version}`);
  say(indent(rendered.text));
};

const consent = async (db: WillsDatabase): Promise<void> => {
  const versions = willsSettings();
  const before = await db.read((s) => consentStatus(s, subject_id, versions));
  if (Object.keys(before).length > 0) {
    found(`the consent of ${subject_id}`);
  } else {
    await db.session({ actor }, (s) =>
      grantConsent(s, {
        subject_id,
        categories: ['drafting', 'marketing'],
        ip_address: '2001:db8::1',
        ...versions,
      }),
    );
    await db.session({ actor }, (s) => withdrawConsent(s, { subject_id, categories: ['marketing'] }));
    did('recorded consent to drafting and marketing, and withdrew marketing');
  }
  const status = await db.read((s) => consentStatus(s, subject_id, versions));
  for (const [category, { granted }] of Object.entries(status))
    say(`    ${category}: ${granted ? 'granted' : 'withdrawn'}`);
};
