import { system } from 'ashlar';
import { commands } from './commands.js';
import { tables } from './tables.js';

export { type Action, type ActionQuery, clientActions, recordAction } from './audit.js';
export { type ClientExport, exportClient, recordExport, writeClientExport } from './client-export.js';
export { type ClientFile, type ImportedClients, importClientFile, importClients } from './client-import.js';
export {
  archiveClient,
  type ClientChanges,
  createClient,
  findClient,
  listClients,
  type NewClient,
  restoreClient,
  updateClient,
} from './clients.js';
export { completenessWeights, isMvpReady, mvpFields, profileCompleteness } from './completeness.js';
export { type LikelyDuplicate, likelyDuplicates, nameScore } from './duplicates.js';
export { type Enriched, enrich, enrichmentsOf, type Fact } from './enrichment.js';
export { type EraseOptions, type Erasure, eraseClient } from './erase.js';
export { listErasure, repeatErasures } from './erasure-list.js';
export {
  clientsNamedIn,
  findKnowledge,
  type NewKnowledge,
  recordKnowledge,
  reviseKnowledge,
} from './knowledge.js';
export { type Mention, mentionOf } from './mentions.js';
export { nameKey } from './name-key.js';
export {
  isMeasured,
  type Measures,
  measureText,
  type Readability,
  readabilityOf,
  type Unmeasurable,
} from './readability.js';
export type { Remainder } from './remainders.js';
export {
  type SampleClient,
  type SampleText,
  sampleClients,
  sampleKnowledge,
  sampleText,
} from './sample.js';
export { type SophiaSettings, sophiaSettings } from './settings.js';
export * from './tables.js';
export {
  type AddedMaterial,
  addVoiceMaterial,
  type MeasuredMaterial,
  measureMaterial,
  type NewMaterial,
  storeVoiceMaterial,
  voiceMaterialsOf,
  voiceProfileOf,
} from './voice.js';
export { confidenceIn, type Spread, type VoiceSummary } from './voice-summary.js';

/**
 * The system `sophia`: dossiers and voice profiles of clients, with the origin of each fact; each client is a scope.
 */
export const sophia = system('sophia', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
  commands,
});
