export { type AdoptedFile, type Adoption, type AdoptOptions, adopt } from './adopt.js';
export type { AdoptReport, Kept, Unseen } from './report.js';
export type { ScannedTable } from './scan.js';
