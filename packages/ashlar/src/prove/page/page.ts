import {
  type AttackReport,
  countAttacks,
  failuresOf,
  type GuaranteeReport,
  type LedgerReport,
  type ProveReport,
  type StructureReport,
} from '../report.js';
import { type Html, html } from './html.js';
import { style } from './style.js';

/** The attackers, in words that an auditor knows. */
const people = { app: 'the application', owner: 'the owner' } as const;

const attackRow = ({ name, as, stoppedBy, by, verdict }: AttackReport): Html => html`
  <tr>
    <td>${name}</td>
    <td>${people[as]}</td>
    <td>${stoppedBy}<br><span class="quiet">${by}</span></td>
    <td class="${verdict === 'failed' ? 'bad' : 'good'}">${verdict}</td>
  </tr>`;

const guaranteeSection = ({
  table,
  guarantee,
  summary,
  level,
  weaker,
  attacks,
}: GuaranteeReport): Html => html`
  <section>
    <h2>${table}: ${guarantee}</h2>
    <p>${summary}</p>
    <p class="quiet">${level}${weaker === undefined ? '' : `: ${weaker}`}</p>
    ${
      attacks.length === 0
        ? html`<p class="quiet">This guarantee declares no attacks; only its objects were checked.</p>`
        : html`<table>
      <thead><tr><th>attack</th><th>by</th><th>refused by</th><th>verdict</th></tr></thead>
      <tbody>${attacks.map(attackRow)}</tbody>
    </table>`
    }
  </section>`;

const structureRow = ({ check, ok, found, unknown, loose }: StructureReport): Html => html`
  <tr>
    <td>${check}</td>
    <td>${unknown ?? (found.length === 0 ? 'nothing found' : found.map((line) => html`${line}<br>`))}${loose === undefined ? '' : html`<br>${loose}`}</td>
    <td class="${ok ? 'good' : 'bad'}">${unknown === undefined ? (ok ? 'in place' : 'failed') : 'not compared'}</td>
  </tr>`;

const ledgerRow = ({ ledger, size, checked, root, ok, found, unverified }: LedgerReport): Html => html`
  <tr>
    <td>${ledger}</td>
    <td>${size}${checked === size ? '' : `, ${checked} compared`}</td>
    <td><code>${root}</code>${[...found, ...unverified].map((line) => html`<br>${line}`)}</td>
    <td class="${ok ? 'good' : 'bad'}">${ok ? 'verified' : 'failed'}</td>
  </tr>`;

const ledgerSection = (ledgers: readonly LedgerReport[]): Html =>
  ledgers.length === 0
    ? html``
    : html`
  <section>
    <h2>Ledgers</h2>
    <table>
      <thead><tr><th>ledger</th><th>entries</th><th>head</th><th>verdict</th></tr></thead>
      <tbody>${ledgers.map(ledgerRow)}</tbody>
    </table>
  </section>`;

const failureSection = (failures: readonly string[]): Html =>
  failures.length === 0
    ? html``
    : html`
  <section>
    <h2 class="bad">What failed</h2>
    <ul>${failures.map((line) => html`<li>${line}</li>`)}</ul>
  </section>`;

/** Formats a report as a single HTML page without external files, for an auditor to read or print. */
export function reportPage(report: ProveReport): string {
  const { system, engine, url, at, fingerprint, tables, structure, ledgers, ok } = report;
  const count = countAttacks(report);
  const failures = failuresOf(report);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Report on guarantees: ${system}, ${at.slice(0, 10)}</title>
<style>${style}</style>
</head>
<body>
  <h1>Report on guarantees: ${system}</h1>
  <p>Every guarantee of the system was attacked, in transactions that were rolled back.</p>
  <p><span class="stamp ${ok ? 'good' : 'bad'}">${ok ? 'All guarantees hold' : `${failures.length} failed`}</span></p>
  <dl>
    <dt>when</dt><dd>${at}</dd>
    <dt>database</dt><dd>${url}</dd>
    <dt>engine</dt><dd>${engine}</dd>
    <dt>attacks</dt><dd>${count}</dd>
    <dt>schema fingerprint</dt><dd><code>${fingerprint ?? 'unknown'}</code></dd>
    ${ledgers.map(({ ledger, size, root }) => html`<dt>ledger head of ${ledger}</dt><dd>${size} entries, <code>${root}</code></dd>`)}
  </dl>
  ${failureSection(failures)}
  <section>
    <h2>Objects and rights of the guarantees</h2>
    <table>
      <thead><tr><th>check</th><th>found</th><th>verdict</th></tr></thead>
      <tbody>${structure.map(structureRow)}</tbody>
    </table>
  </section>
  ${ledgerSection(ledgers)}
  ${tables.map(guaranteeSection)}
</body>
</html>
`.text;
}
