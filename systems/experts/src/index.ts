export { type ConversationRequest, pageConversation } from './conversation.js';
export { type DailyCount, dailyCounts, type Period } from './daily-counts.js';
export { pageOpenGaps, resolveGap } from './gaps.js';
export { forgetLead, type LeadSummary, leadsAsCsv, leadsAsJson, readLeads } from './leads.js';
export { type Exchange, logExchange, type Message } from './log.js';
export { type ExpertsDatabase, openExperts } from './open.js';
export type { ExchangePage } from './pages.js';
export { expiredLeads, expiredLeadsView, forgetExpired, retention } from './retention.js';
export { sampleExchanges } from './sample.js';
export { experts } from './system.js';
export {
  type Conversation,
  conversations,
  type ExpertsSession,
  type Lead,
  leads,
  type ResponseType,
  responseTypes,
} from './tables.js';
