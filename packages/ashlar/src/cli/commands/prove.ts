import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Engine } from '../../contract/engine.js';
import { AshlarError } from '../../errors.js';
import type { System } from '../../model/system.js';
import { failuresOf, type Proof, prove } from '../../prove/index.js';
import { reportPage } from '../../prove/report/report.js';
import type { Answer, Commands } from '../command.js';
import type { Invocation } from '../invocation.js';
import { printProof, printVerdict } from '../print-proof.js';
import { reportError } from '../report-error.js';

interface Options {
  readonly brief?: boolean;
  readonly report?: string;
}

/** `ashlar prove`: attacks every guarantee, in transactions that are undone. */
export const proveCommand = (commands: Commands): Command =>
  commands
    .make<Options>(
      'prove',
      'attack every guarantee: what refused each attack; exit 1 if one gets through',
      run,
    )
    .option('--brief', 'only how many attacks there were, and what failed')
    .option('--report <file>', 'write a page for an auditor (HTML) besides');

const run = async (invocation: Invocation, { report, brief }: Options): Promise<Answer> => {
  const { out } = invocation;
  const systems = await invocation.systems();
  const proofs: Proof[] = [];
  for (const system of systems) {
    const proof = await invocation.withEngine('owner', (owner) => proveWith(invocation, owner, system), {
      create: false,
    });
    if (proofs.length > 0) out.line();
    if (brief) printVerdict(out, proof);
    else printProof(out, proof);
    proofs.push(proof);
  }
  const reports: string[] = [];
  if (report !== undefined) {
    for (const proof of proofs) reports.push(await writeReport(invocation, report, proof, proofs.length > 1));
  }
  const ok = proofs.every((proof) => proof.ok);
  if (!ok && !out.json) reportError(proofFailed(proofs), out);
  return {
    document: {
      ok,
      ...(ok ? {} : { error: proofFailed(proofs) }),
      proofs: proofs.map((proof) => ({ ...proof, failures: failuresOf(proof) })),
      reports,
    },
    exitCode: ok ? 0 : 1,
  };
};

/** Proves a system in a database that is open as its owner. */
export const proveWith = (invocation: Invocation, owner: Engine, system: System): Promise<Proof> =>
  invocation.alsoAsApp(owner, (app) =>
    prove(app, system, { owner, roles: invocation.roles(), checkpoints: invocation.ledgerKeys() }),
  );

const writeReport = async (
  { out, streams }: Invocation,
  file: string,
  proof: Proof,
  several: boolean,
): Promise<string> => {
  const named = several ? file.replace(/(\.[^./\\]+)?$/, `-${proof.system}$1`) : file;
  const path = resolve(streams.directory, named);
  try {
    await writeFile(path, out.clean(reportPage(proof)));
  } catch (cause) {
    throw new AshlarError('usage', {
      message: `The report cannot be written to ${named}.`,
      suggestion: 'Name a file in a folder that is there.',
      cause,
    });
  }
  out.note(`wrote ${named}`);
  return named;
};

/** That a proof failed, with the first of what did. */
export const proofFailed = (proofs: readonly Proof[]): AshlarError => {
  const failures = proofs.flatMap(failuresOf);
  const [first] = failures;
  return new AshlarError('proof-failed', {
    message: `A guarantee does not hold: ${first ?? ''}`,
    detail: failures.length > 1 ? `And ${failures.length - 1} more; all are listed above.` : undefined,
    suggestion: 'Find out who changed the database; ashlar status and ashlar up tell what is missing.',
  });
};
