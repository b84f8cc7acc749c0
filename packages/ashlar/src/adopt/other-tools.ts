/** The tables in which migration tools and extensions keep their own records. */
const records =
  /^(_prisma_migrations|__drizzle_migrations|kysely_migration(_lock)?|knex_migrations(_lock)?|schema_migrations|ar_internal_metadata|flyway_schema_history|databasechangelog(lock)?|typeorm_metadata|alembic_version|django_migrations|spatial_ref_sys)$/i;

/** Whether a table belongs to another migration tool: it is neither declared nor in the first step. */
export function isOfOtherTool(name: string): boolean {
  return records.test(name);
}
