import { type ConsentState, consentStatus, grantConsent, withdrawConsent } from '@ashlar/wills';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills } from './support.js';

const categories = ['storage', 'marketing', 'research'];
const current = { consent_version: '2', privacy_policy_version: '2' };

type Step =
  | { do: 'grant'; categories: string[]; consent_version: string; privacy_policy_version: string }
  | { do: 'withdraw'; categories: string[] | undefined };

const some = fc.uniqueArray(fc.constantFrom(...categories), { minLength: 1 });
const version = fc.constantFrom('1', '2');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('grant' as const),
      categories: some,
      consent_version: version,
      privacy_policy_version: version,
    }),
    fc.record({ do: fc.constant('withdraw' as const), categories: fc.option(some, { nil: undefined }) }),
  ),
  { maxLength: 8 },
);

/** The expected consent state, kept in memory: one entry for each category. */
class Model {
  readonly #states = new Map<string, ConsentState>();

  grant(given: readonly string[], at: string, outdated: boolean): void {
    for (const category of given) {
      const before = this.#states.get(category);
      this.#states.set(category, {
        granted: true,
        since: before?.granted ? before.since : at,
        withdrawn_at: null,
        reconsentDue: outdated && (before?.granted ? before.reconsentDue : true),
      });
    }
  }

  withdraw(given: readonly string[], at: string | undefined): void {
    for (const category of given) {
      if (!this.#states.get(category)?.granted) continue;
      this.#states.set(category, {
        granted: false,
        since: null,
        withdrawn_at: at ?? null,
        reconsentDue: false,
      });
    }
  }

  get status(): Record<string, ConsentState> {
    return Object.fromEntries(this.#states);
  }
}

describe.each(engines)('consent on $name', (engine) => {
  let time = Date.parse('2026-03-01T00:00:00.000Z');
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine, { clock: () => new Date(time++), allowOwner: true });
  });
  afterAll(() => open.remove());

  it('equals a simple model after any sequence of grants and withdrawals', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const subject_id = fresh('person');
        const model = new Model();
        for (const step of taken) {
          if (step.do === 'grant') {
            const { do: _, ...accepted } = step;
            const { accepted_at } = await open.db.session((s) =>
              grantConsent(s, { subject_id, ...accepted }),
            );
            model.grant(
              step.categories,
              accepted_at,
              step.consent_version < '2' || step.privacy_policy_version < '2',
            );
          } else {
            const { withdrawn_at } = await open.db.session((s) =>
              withdrawConsent(s, { subject_id, categories: step.categories }),
            );
            model.withdraw(step.categories ?? categories, withdrawn_at);
          }
        }
        expect(await open.db.read((s) => consentStatus(s, subject_id, current))).toEqual(model.status);
      }),
      { numRuns: 40 },
    );
  });
});
