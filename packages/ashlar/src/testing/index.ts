export { type Span, TestClock } from './clock.js';
export { markTestDatabase } from './mark.js';
export { type TestDatabase, type TestOptions, type TestParts, testDatabase } from './test-database.js';
