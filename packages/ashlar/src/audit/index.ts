export { queryTrail, type TrailChange, type TrailPage, type TrailQuery } from './query-trail.js';
export type { TrailSelection } from './trail-conditions.js';
