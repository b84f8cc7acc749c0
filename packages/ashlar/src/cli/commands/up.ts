import type { Command } from 'commander';
import type { Engine } from '../../contract/engine.js';
import { AshlarError } from '../../errors.js';
import { changedMeanwhile } from '../../guard/meanwhile.js';
import { restoreGuard } from '../../guard/restore.js';
import { installScopeKey } from '../../keys/scope-key.js';
import { defaultActor } from '../../migrations/actor.js';
import { maintain, type RunStep, up } from '../../migrations/index.js';
import { countAttacks, failuresOf, type ProveReport } from '../../prove/index.js';
import type { System } from '../../system/system.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { type LockOptions, lockBudget, withLockOptions } from '../lock-options.js';
import { printGrants } from '../print-grants.js';
import { printVerdict } from '../print-report.js';
import { reportError } from '../report-error.js';
import { contractHelp, stepProgress } from '../step-progress.js';
import { guaranteeBroken, proveWith } from './prove.js';

/** The options of `up` and `guard up`. */
export interface UpOptions extends LockOptions {
  readonly actor?: string;
  readonly contract?: boolean;
  /** Set to false by `--no-prove`. */
  readonly prove: boolean;
}

/** `ashlar up`: initialises a database, or brings it up to date. */
export function upCommand(commands: Commands): Command {
  return withUpOptions(
    commands.make<UpOptions>('up', summaries.up.description, async (invocation, options) =>
      runUp(invocation, await invocation.systems(), options),
    ),
  );
}

/** Adds the options of `up` to a command. */
export function withUpOptions(command: Command): Command {
  return withLockOptions(
    command
      .option(
        '--actor <name>',
        'the actor to record in the history (default: the user of the operating system)',
      )
      .option('--contract', contractHelp)
      .option('--no-prove', 'skip the attacks on guarantees at the end'),
  );
}

/** Initialises the databases of systems, or brings them up to date. */
export async function runUp(
  invocation: Invocation,
  chosen: readonly System[],
  options: UpOptions,
): Promise<Answer> {
  const done: UpReport[] = [];
  const failed: ProveReport[] = [];
  const meanwhile: string[] = [];
  for (const system of chosen) {
    const [changes, report] = await invocation.withEngine(
      'owner',
      async (engine) => [
        await initialise(invocation, engine, system, options),
        options.prove ? await proveNow(invocation, engine, system) : undefined,
      ],
      { createFolder: true, system },
    );
    if (report && !report.ok) failed.push(report);
    meanwhile.push(...changes.meanwhile);
    done.push({ ...changes, report: report ? summaryOf(report) : null });
  }
  const error =
    failed.length > 0
      ? guaranteeBroken(failed)
      : meanwhile.length > 0
        ? changedWhileDown(meanwhile)
        : undefined;
  if (error && !invocation.out.json) reportError(error, invocation.out);
  return { document: { systems: done, ...(error ? { error } : {}) }, exitCode: error ? 1 : 0 };
}

const changedWhileDown = (found: readonly string[]): AshlarError =>
  new AshlarError('guard-broken', {
    message: `Rows were changed while the guard was down: ${found[0]}.`,
    detail: found.join('\n'),
    suggestion:
      'The objects are restored, and trails and ledgers go on with the rows that are there. Find out what the migration of the tool did, and correct the rows. `ashlar prove --data` and `ashlar ledger verify --full` name them again.',
  });

const proveNow = async (invocation: Invocation, engine: Engine, system: System): Promise<ProveReport> => {
  const report = await proveWith(invocation, engine, system);
  printVerdict(invocation.out, report);
  return report;
};

/** A report in short; `ashlar prove --json` prints all of it. */
interface ReportSummary {
  readonly ok: boolean;
  readonly attacks: number;
  readonly failures: readonly string[];
  readonly fingerprint: string | null;
}

const summaryOf = (report: ProveReport): ReportSummary => ({
  ok: report.ok,
  attacks: countAttacks(report),
  failures: failuresOf(report),
  fingerprint: report.fingerprint,
});

interface UpReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  readonly applied: readonly RunStep[];
  /** Of a guard: the objects that were made again, because another tool's migration had removed or changed them. */
  readonly restored: readonly string[];
  /** Of a guard that was restored: the rows that were changed meanwhile. */
  readonly meanwhile: readonly string[];
  /** The differences of roles and rights that were corrected. */
  readonly roles: readonly string[];
  readonly maintained: readonly string[];
  readonly changed: boolean;
  /** `null` with `--no-prove`. */
  readonly report: ReportSummary | null;
}

const scopeLines = {
  written: 'scope and actor of sessions are verified from now on: every instance needs SCOPE_KEY',
  bound: 'the key that verifies scopes was bound to this restored database',
  unexplained: 'another key than SCOPE_KEY and NEW_SCOPE_KEY verifies scopes too: `ashlar status` names it',
} as const;

const initialise = async (
  invocation: Invocation,
  engine: Engine,
  system: System,
  options: UpOptions,
): Promise<Omit<UpReport, 'report'>> => {
  const { out } = invocation;
  const roles: string[] = [];
  out.line(`${out.style('bold', system.name)} · ${engine.label} · ${engine.url}`);
  const budget = lockBudget(out, options);
  // a step changes what the steps before it made
  const restore = async (): Promise<readonly string[]> => {
    const lines = await restoreGuard(engine, system, {
      actor: options.actor ?? defaultActor(),
      lockTimeout: budget.lockTimeout,
    });
    for (const line of lines) out.line(`  ${out.style('yellow', 'restored')} ${line}`);
    return lines;
  };
  const restored = [...(await restore())];
  const compare = async (): Promise<readonly string[]> => {
    const found = await changedMeanwhile(engine, system);
    // a step that fails must not hide them
    for (const line of found)
      out.line(`  ${out.style('yellow', 'changed while the guard was down')} ${line}`);
    return found;
  };
  // before the steps, which may fail. Where the tables are those that pending steps expect, they are read after these
  let meanwhile = restored.length === 0 ? [] : await compare().catch(() => undefined);
  const applied = await up(engine, system, {
    actor: options.actor,
    contract: options.contract,
    ...budget,
    roles: invocation.roles(),
    onRoles: (changes) => {
      roles.push(...changes.map(({ difference }) => difference));
      printGrants(out, invocation.roles(), changes);
    },
    ...stepProgress(out),
  });
  const { current: scopeKey, next } = invocation.scopeKeys();
  const scopes = scopeKey === undefined ? 'unchanged' : await installScopeKey(engine, scopeKey, next);
  if (scopes !== 'unchanged') out.line(`  ${scopeLines[scopes]}`);
  // what named a column that the steps did not have yet
  if (applied.length > 0) restored.push(...(await restore()));
  meanwhile ??= await compare();
  const { done: maintained } = await maintain(engine, Object.values(system.tables), new Date());
  for (const line of maintained) out.line(`  ${line}`);
  const changed =
    applied.length > 0 ||
    restored.length > 0 ||
    roles.length > 0 ||
    maintained.length > 0 ||
    /^(written|bound)$/.test(scopes);
  if (!changed) out.line('  nothing to do');
  return {
    system: system.name,
    engine: engine.label,
    url: engine.url,
    applied,
    restored,
    meanwhile,
    roles,
    maintained,
    changed,
  };
};
