import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, slowest first. They start first, so that no worker runs one alone at the end. */
const slowest = [
  'packages/ashlar/test/cli/roles.test.ts',
  'packages/ashlar/test/cli/cli.test.ts',
  'packages/ashlar/test/prove/every-guarantee.test.ts',
  'packages/ashlar/test/guarantees/scoped-property.test.ts',
  'packages/ashlar/test/ledger/verify.test.ts',
  'packages/ashlar/test/backup/backup.test.ts',
  'packages/ashlar/test/guarantees/scoped-schema.test.ts',
  'packages/ashlar/test/cli/backup.test.ts',
  'packages/ashlar/test/cli/audit.test.ts',
  'packages/ashlar/test/prove/own.test.ts',
  'packages/ashlar/test/cli/key.test.ts',
  'packages/ashlar/test/cli/prove.test.ts',
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = slowest.findIndex((file) => moduleId.endsWith(file));
  return at < 0 ? slowest.length : at;
};

/** Runs the slowest files first, then the others as vitest does: the longest of the last run or the largest first. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
