import { defineConfig } from 'prisma/config';

// biome-ignore lint/style/noDefaultExport: Prisma reads it
export default defineConfig({
  schema: 'schema.prisma',
  datasource: { url: process.env.TOOL_URL ?? 'postgres://localhost/none' },
});
