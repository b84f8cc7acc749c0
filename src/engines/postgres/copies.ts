export { pgliteCopies } from './pglite-copies.js';
export { postgresCopies } from './server-copies.js';
