import { readFile } from 'node:fs/promises';
import type { NewClient } from './clients.js';
import type { NewKnowledge } from './knowledge.js';

/** A text of the sample: a file of `sample/texts/` and the kind of text. */
export interface SampleText {
  readonly file: string;
  readonly source_type: string;
}

/** A client of the sample with its texts. */
export interface SampleClient {
  readonly client: NewClient;
  readonly texts: readonly SampleText[];
}

/** Four invented clients with texts of many kinds, from a children's story to a paper for trustees. */
export const sampleClients: readonly SampleClient[] = [
  {
    client: {
      name: 'Harbour & Vine',
      industry: 'Hospitality',
      industry_vertical: 'Seafood restaurant and wine bar',
      business_description:
        'Thirty seats in a former boat shed: what the boats brought, and wine of small growers.',
      geography_area: 'The old harbour and the towns along the bay',
      geography_radius_km: 25,
      target_audience: { primary: 'couples of forty and more', secondary: ['office parties', 'walkers'] },
      content_pillars: ['the catch of the day', 'growers and their wines', 'stories from the shed'],
      posting_cadence: { instagram: '4 a week', newsletter: 'monthly' },
      guardrails: { never: ['discounts', 'jokes about allergies'], tone: 'warm, plain, no superlatives' },
    },
    texts: [
      { file: 'harbour-newsletter.txt', source_type: 'newsletter' },
      { file: 'harbour-story.txt', source_type: 'website' },
      { file: 'harbour-review-reply.txt', source_type: 'letter' },
      { file: 'harbour-post.txt', source_type: 'social post' },
    ],
  },
  {
    client: {
      name: 'Northfold Joinery Ltd',
      industry: 'Manufacturing',
      industry_vertical: 'Staircases and windows',
      business_description:
        'A workshop of nine that makes stairs, sashes and doors from timber it dries itself.',
      geography_area: 'The northern counties',
      content_pillars: ['timber', 'how it is made'],
      guardrails: { never: ['prices', 'promises of delivery dates'] },
    },
    texts: [
      { file: 'joinery-stairs-guide.txt', source_type: 'guide' },
      { file: 'joinery-oak.txt', source_type: 'article' },
      { file: 'joinery-guarantee.txt', source_type: 'terms' },
    ],
  },
  {
    client: {
      name: 'Bright Pebble Nursery',
      industry: 'Education',
      business_description:
        'A nursery for forty children under five, with a garden and a kitchen of its own.',
      target_audience: { primary: 'parents of children under five' },
    },
    texts: [
      { file: 'nursery-story.txt', source_type: 'story' },
      { file: 'nursery-letter.txt', source_type: 'letter' },
      { file: 'nursery-illness-policy.txt', source_type: 'policy' },
    ],
  },
  {
    client: { name: 'Meridian Actuarial Partners LLP', industry: 'Financial services' },
    texts: [
      { file: 'actuarial-whitepaper.txt', source_type: 'paper' },
      { file: 'actuarial-member-letter.txt', source_type: 'letter' },
      { file: 'actuarial-talk.txt', source_type: 'talk' },
    ],
  },
];

/** Knowledge gained from the sample clients, without their names. */
export const sampleKnowledge: readonly NewKnowledge[] = [
  {
    category: 'hospitality',
    content:
      'A post that says what there is tonight brings more guests than one that praises what there always is.',
    source: 'comparison of twelve weeks of posts',
    tags: ['restaurants', 'social posts'],
    confidence: 0.7,
  },
  {
    category: 'manufacturing',
    content: 'Guides that admit what usually goes wrong are read to the end, and are what people ring about.',
    source: 'reading times of eight guides',
    tags: ['guides', 'trust'],
    confidence: 0.6,
  },
  {
    category: 'regulated professions',
    content: 'Letters whose sentences stay under twenty words are answered; beyond thirty they are filed.',
    tags: ['letters', 'readability'],
    confidence: 0.5,
  },
];

/** Reads a text of the sample. */
export async function sampleText(file: string): Promise<string> {
  return (await readFile(new URL(`../sample/texts/${file}`, import.meta.url), 'utf8')).trimEnd();
}
