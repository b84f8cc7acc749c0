import { createHash } from 'node:crypto';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import type { Template } from '../contract/test-databases.js';
import { maintain } from '../maintenance/maintain.js';
import { defaultActor } from '../migrations/actor.js';
import { ensureHistory } from '../migrations/initialise.js';
import { inCreationOrder } from '../migrations/shadow.js';
import { markAsTest } from '../migrations/test-mark.js';
import { identifier, identifiers } from '../model/index.js';
import { grantRights, prepareRoles } from '../roles/roles.js';
import { version } from '../version.js';

/** What a test database begins with. */
export interface Content {
  readonly system: SystemFacts;
  /** The roles that get rights; `undefined` if they get them later. */
  readonly roles: Roles | undefined;
  /** Whether the application may set the times that otherwise only the database's clock sets. */
  readonly hasClock: boolean;
}

/** Returns the template of a system's tables, which are created from their declarations. */
export function templateOf(dialect: SqlDialect, content: Content): Template {
  const statements = dialect.createTables(tablesOf(content.system));
  const hash = createHash('sha256').update(
    JSON.stringify([
      version(),
      dialect.foundation.map(({ create }) => create),
      dialect.foundationVersions,
      statements,
      // the rights follow from the tables and their guarantees
      content.system.name,
      content.roles ?? null,
      content.hasClock,
    ]),
  );
  return { name: hash.digest('hex'), fill: (engine) => fill(engine, content, statements) };
}

const tablesOf = ({ tables }: SystemFacts) => inCreationOrder(Object.values(tables));

const fill = async (engine: Engine, content: Content, statements: readonly string[]): Promise<void> => {
  const { system, roles } = content;
  await engine.asOwner(async (owner) => {
    if (roles) await prepareRoles(owner, engine.dialect, system, roles);
    await owner.atomically(async () => {
      await ensureHistory(owner, engine.dialect, defaultActor());
      await owner.script(statements.map((statement) => `${statement}\n;\n`).join(''));
      if (content.hasClock) await markAsTest(owner);
      if (roles) await grantRights(owner, engine.dialect, system, roles);
    });
  });
  if (roles && content.hasClock) await letClockIn(engine, system, roles);
  await maintain(engine, tablesOf(system), new Date());
};

/**
 * Lets the application's role set the times of new rows. Guarantees withhold this right, so that no session forges a time;
 * a clock of a test is such a forgery.
 */
export async function letClockIn(engine: Engine, { tables }: SystemFacts, { app }: Roles): Promise<void> {
  if (!engine.dialect.roles) return;
  const grants = Object.values(tables).flatMap((table) => {
    const clocks = Object.values(table.columns).filter(({ generated }) => generated === 'now');
    const names = identifiers(clocks.map(({ name }) => name));
    return clocks.length > 0
      ? [`GRANT INSERT (${names}) ON ${identifier(table.name)} TO ${identifier(app)};`]
      : [];
  });
  if (grants.length > 0) await engine.asOwner((owner) => owner.script(grants.join('\n')));
}
