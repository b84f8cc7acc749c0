import { fileURLToPath } from 'node:url';
import { defineConfig } from 'drizzle-kit';

// biome-ignore lint/style/noDefaultExport: drizzle-kit reads it
export default defineConfig({
  dialect: 'postgresql',
  schema: fileURLToPath(new URL('schema.ts', import.meta.url)),
  dbCredentials: { url: process.env.TOOL_URL ?? 'postgres://localhost/none' },
});
