export * from './services.js';
export * from './tables.js';
