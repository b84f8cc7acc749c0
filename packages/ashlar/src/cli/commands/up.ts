import type { Command } from 'commander';
import type { Engine } from '../../contract/engine.js';
import { installScopeKey } from '../../keys/scope-key.js';
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

interface Options extends LockOptions {
  readonly actor?: string;
  readonly contract?: boolean;
  /** Set to false by `--no-prove`. */
  readonly prove: boolean;
}

/** `ashlar up`: initialises a database, or brings it up to date. */
export function upCommand(commands: Commands): Command {
  return withLockOptions(
    commands
      .make<Options>('up', summaries.up.description, run)
      .option(
        '--actor <name>',
        'the actor to record in the history (default: the user of the operating system)',
      )
      .option('--contract', contractHelp)
      .option('--no-prove', 'skip the attacks on guarantees at the end'),
  );
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const chosen = await invocation.systems();
  const done: UpReport[] = [];
  const failed: ProveReport[] = [];
  for (const system of chosen) {
    const [changes, report] = await invocation.withEngine(
      'owner',
      async (engine) => [
        await initialise(invocation, engine, system, options),
        options.prove ? await proveNow(invocation, engine, system) : undefined,
      ],
      { createFolder: true },
    );
    if (report && !report.ok) failed.push(report);
    done.push({ ...changes, report: report ? summaryOf(report) : null });
  }
  if (failed.length > 0 && !invocation.out.json) reportError(guaranteeBroken(failed), invocation.out);
  return {
    document: { systems: done, ...(failed.length > 0 ? { error: guaranteeBroken(failed) } : {}) },
    exitCode: failed.length > 0 ? 1 : 0,
  };
};

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
  options: Options,
): Promise<Omit<UpReport, 'report'>> => {
  const { out } = invocation;
  const roles: string[] = [];
  out.line(`${out.style('bold', system.name)} · ${engine.label} · ${engine.url}`);
  const applied = await up(engine, system, {
    actor: options.actor,
    contract: options.contract,
    ...lockBudget(out, options),
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
  const { done: maintained } = await maintain(engine, Object.values(system.tables), new Date());
  for (const line of maintained) out.line(`  ${line}`);
  const changed =
    applied.length > 0 || roles.length > 0 || maintained.length > 0 || /^(written|bound)$/.test(scopes);
  if (!changed) out.line('  nothing to do');
  return { system: system.name, engine: engine.label, url: engine.url, applied, roles, maintained, changed };
};
