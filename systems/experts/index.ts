export { experts } from './system.js';
export * from './tables.js';
