import type { Command } from 'commander';
import type { Engine } from '../../contract/engine.js';
import type { OpenOptions } from '../../contract/open-options.js';
import { openEngine } from '../../engines/open.js';
import { discardMove, type MoveProgress, type MoveReport, move } from '../../move/index.js';
import { countAttacks } from '../../prove/index.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import type { Invocation } from '../invocation.js';
import { wholeNumber } from '../option-values.js';
import { printGrants } from '../print-grants.js';
import { printVerdict } from '../print-report.js';
import { printTable } from '../print-table.js';
import { ProgressBar } from '../progress.js';

interface Options {
  readonly from: string;
  readonly to: string;
  readonly fromKeyFile?: string;
  readonly actor?: string;
  readonly lockTimeout?: string;
  readonly discard?: boolean;
  /** Set to false by `--no-prove`. */
  readonly prove: boolean;
}

/** `ashlar move --from URL --to URL`: moves a database to another engine or server. */
export function moveCommand(commands: Commands): Command {
  return commands
    .make<Options>('move', summaries.move.description, run)
    .requiredOption('--from <url>', 'the database to read; stop its writers first. It is not changed')
    .requiredOption('--to <url>', 'the new database, opened as the owner of its schema')
    .option('--from-key-file <file>', 'a file with the key of the source (default: DATABASE_KEY)')
    .option('--discard', 'give up an unfinished move: remove from the target what the move made there')
    .option(
      '--actor <name>',
      'the actor to record in the history (default: the user of the operating system)',
    )
    .option(
      '--lock-timeout <ms>',
      'how long to wait for another process that migrates the target (default: 30000)',
    )
    .option('--no-prove', 'skip the attacks on guarantees at the end');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const lockTimeout = wholeNumber('--lock-timeout', options.lockTimeout);
  const target = await invocation.targetAt(options.to);
  if (options.discard) {
    return opened({ ...target, create: false }, async (to) => {
      const { removed, left } = await discardMove(to, {
        lockTimeout,
        systems: await invocation.systems(),
        roles: invocation.roles(),
      });
      invocation.out.line(`discarded; removed from ${to.url}: ${removed.join(', ')}`);
      for (const each of left) invocation.out.line(`left, because somebody else has made it: ${each}`);
      return { document: { discarded: removed, left } };
    });
  }
  const key = invocation.keyFrom('--from-key-file', options.fromKeyFile);
  const source = await invocation.targetAt(options.from);
  const from = { ...source, ...(key === undefined ? {} : { key }), create: false };
  return opened(from, (reading) =>
    opened({ ...target, createFolder: true }, (writing) =>
      moving(invocation, options, lockTimeout, reading, writing),
    ),
  );
};

const opened = async <T>(options: OpenOptions, work: (engine: Engine) => Promise<T>): Promise<T> => {
  const engine = await openEngine(options);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
};

const moving = async (
  invocation: Invocation,
  options: Options,
  lockTimeout: number | undefined,
  from: Engine,
  to: Engine,
): Promise<Answer> => {
  const { out, streams } = invocation;
  out.line(`${out.style('bold', from.url)} · ${from.label} → ${to.url} · ${to.label}`);
  const shown = new Phases(streams.stderr);
  try {
    const report = await move(from, to, await invocation.systems(), {
      actor: options.actor,
      lockTimeout,
      roles: invocation.roles(),
      scopeKey: invocation.scopeKeys().current,
      columnKeys: invocation.columnKeys(),
      prove: options.prove,
      onProgress: (progress) => shown.update(progress),
      onRoles: (changes) => printGrants(out, invocation.roles(), changes),
    });
    shown.end();
    print(invocation, report);
    const { reports, ...document } = report;
    return {
      document: {
        ...document,
        proved: reports.map((each) => ({
          system: each.system,
          ok: each.ok,
          attacks: countAttacks(each),
        })),
      },
    };
  } finally {
    shown.end();
  }
};

const print = ({ out }: Invocation, report: MoveReport): void => {
  if (report.complete) {
    out.line('nothing to do: the target has the rows of the source');
    return;
  }
  printTable(
    out,
    ['table', 'rows', 'checksum'],
    report.tables.map(({ table, rows, checksum }) => [table, rows, checksum]),
  );
  for (const { ledger, size, root } of report.ledgers)
    out.line(`${ledger}: ${size} entries, root ${root}, as in the source`);
  for (const each of report.reports) printVerdict(out, each);
  if (report.others.length > 0)
    out.note(`not moved, because no step of the systems makes them: ${report.others.join(', ')}`);
  if (report.sequencesLeft.length > 0)
    out.note(
      `sequences left where they are, because the target has none of its own of that name: ${report.sequencesLeft.join(', ')}`,
    );
  out.line('moved. Set DATABASE_URL to the new database; the source was only read.');
};

const titles: Readonly<Record<MoveProgress['phase'], string>> = {
  look: 'looking',
  schema: 'making the schema',
  load: 'loading rows',
  objects: 'making indexes, keys and triggers',
  compare: 'comparing tables',
  verify: 'verifying ledgers',
  prove: 'attacking guarantees',
};

/** One bar for each phase of a move. */
class Phases {
  readonly #stream: ConstructorParameters<typeof ProgressBar>[0];
  #phase: MoveProgress['phase'] | undefined;
  #bar: ProgressBar | undefined;

  constructor(stream: ConstructorParameters<typeof ProgressBar>[0]) {
    this.#stream = stream;
  }

  update({ phase, done, total, table }: MoveProgress): void {
    if (phase !== this.#phase) {
      this.end();
      this.#phase = phase;
      this.#bar = new ProgressBar(this.#stream, titles[phase]);
    }
    this.#bar?.update({ done, total, ...(table === undefined ? {} : { notes: [table] }) });
  }

  end(): void {
    this.#bar?.end();
    this.#bar = undefined;
  }
}
