import type { Invocation } from '../invocation.js';
import type { Preparation } from './prepare.js';
import type { Made } from './write.js';

/** Prints what a run has done and what comes next; returns the same as data. */
export function printOutcome({ out }: Invocation, plan: Preparation, made: Made): unknown {
  const { there, orms, notes, keptScripts, manager } = plan;
  const list = (word: string, names: readonly string[]): void => {
    for (const name of names) out.line(`${out.style('green', word.padEnd(8))}${name}`);
  };
  list('created', made.created);
  const added = Object.keys(plan.scripts).join(', ');
  list(
    'changed',
    made.changed.map((name) => (name === 'package.json' ? `${name}: scripts ${added}` : name)),
  );
  list('step', made.step === null ? [] : [made.step]);
  const hadStep = plan.migrations === undefined && plan.canMakeStep && made.step === null;
  list('there', [
    ...there,
    ...(hadStep ? ['the first step'] : []),
    ...(keptScripts.length === 0 ? [] : [`package.json: scripts ${keptScripts.join(', ')}`]),
  ]);
  for (const orm of orms) {
    const facts = [
      ...orm.files.slice(0, 3),
      orm.files.length > 3 ? `${orm.files.length - 3} more files` : '',
      orm.database ?? '',
      orm.variable ?? '',
      orm.tables.length === 0 ? '' : `tables: ${orm.tables.join(', ')}`,
    ];
    out.line();
    out.line(`${out.style('bold', orm.name)}: ${facts.filter(Boolean).join(' · ')}`);
    out.line('  Its files, tables and database stay as they are. Ashlar has a folder and tables of its own.');
    out.line(
      '  Declare new tables with Ashlar next to them. To take over those that exist: ashlar adopt URL.',
    );
  }
  for (const note of notes) out.note(`${out.styleNote('yellow', 'note')} ${note}`);
  const next = nextCommands(plan, made);
  out.line();
  out.line(out.style('bold', 'next'));
  for (const command of next) out.line(`  ${command}`);
  return {
    ...made,
    there,
    kept_scripts: keptScripts,
    engine: plan.engine,
    package_manager: manager.name,
    installed: plan.installs,
    orms,
    notes,
    next,
  };
}

const nextCommands = (plan: Preparation, made: Made): string[] => {
  const { manager, urlOption, testCommand, installation, installs } = plan;
  const [program = '', ...rest] = testCommand?.split(' ') ?? [];
  const test =
    testCommand === undefined
      ? []
      : [program === 'node' ? testCommand : `${manager.run(program)} ${rest.join(' ')}`];
  return [
    ...(installs ? [] : installation.map((words) => words.join(' '))),
    ...(plan.canMakeStep || made.step !== null ? [] : [manager.run('ashlar', 'migrate', 'new', 'initial')]),
    ...test,
    ...(plan.engine === 'postgres' && urlOption.length === 0 ? ['# set DATABASE_URL: see .env.example'] : []),
    manager.run('ashlar', 'up', ...urlOption),
    manager.run('ashlar', 'prove', ...urlOption),
  ];
};
