import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  dailyCounts,
  type ExpertsDatabase,
  type LeadSummary,
  leadsAsCsv,
  logExchange,
  pageConversation,
  pageOpenGaps,
  readLeads,
  resolveGap,
  sampleExchanges,
} from '@ashlar/experts';
import { count, did, found, say } from './output.js';

const actor = 'demo';
const csv = join('data', 'leads.csv');

/** Logs six weeks of a chat, resolves the first gap, and shows leads and daily counts. */
export async function runExperts(db: ExpertsDatabase): Promise<void> {
  await logSample(db);
  await resolveFirstGap(db);
  await showLeads(db);
  await showDays(db);
}

const logSample = async (db: ExpertsDatabase): Promise<void> => {
  const sample = await sampleExchanges();
  const [{ email } = { email: '' }] = sample;
  // the sample is logged in one session: all of it exists, or nothing
  const { exchanges } = await db.read((s) => pageConversation(s, { email, limit: 1 }));
  if (exchanges.length > 0) return found(`${count(sample.length)} sample exchanges`);
  await db.session({ actor }, async (s) => {
    for (const exchange of sample) await logExchange(s, exchange);
  });
  did(`logged ${count(sample.length)} sample exchanges, all invented`);
};

const resolveFirstGap = async (db: ExpertsDatabase): Promise<void> => {
  const gaps = await db.read((s) => pageOpenGaps(s));
  const [resolved] = await db.read((s) =>
    s.query.selectFrom('conversations').select('id').where('gap_resolved', '=', true).limit(1).execute(),
  );
  const oldest = gaps.exchanges.at(-1);
  if (resolved || !oldest) return found(`one resolved gap, ${count(gaps.exchanges.length)} open`);
  await db.session({ actor }, (s) => resolveGap(s, oldest.id));
  did(`resolved one of ${count(gaps.exchanges.length)} gaps: “${oldest.query}”`);
};

const showLeads = async (db: ExpertsDatabase): Promise<void> => {
  const leads: LeadSummary[] = [];
  await db.read(async (s) => {
    for await (const lead of readLeads(s)) leads.push(lead);
    await pipeline(leadsAsCsv(s), createWriteStream(csv));
  });
  did(`wrote ${count(leads.length)} leads to ${csv}`);
  for (const lead of leads.toSorted((a, b) => b.exchanges - a.exchanges).slice(0, 5)) {
    const days = `${lead.first_contact.slice(0, 10)} to ${lead.last_contact.slice(0, 10)}`;
    say(`    ${lead.email.padEnd(36)} ${String(lead.exchanges).padStart(3)} exchanges, ${days}`);
  }
};

const showDays = async (db: ExpertsDatabase): Promise<void> => {
  const days = await db.read((s) => dailyCounts(s));
  did(`counted ${count(days.length)} days; the last five:`);
  for (const { day, match, clarification } of days.slice(-5)) {
    say(
      `    ${day}  ${'█'.repeat(match)}${'░'.repeat(clarification)} ${match} matched, ${clarification} asked back`,
    );
  }
};
