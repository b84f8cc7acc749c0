import { assertAssembled, type Will, type WillClause } from './assembled-will.js';
import { type Block, blocksOf, colophonOf, titleOf } from './will-blocks.js';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => escapes[found] ?? '');

const style = `
  @page { size: A4; margin: 25mm 22mm; @bottom-center { font-size: 8pt; content: "Page " counter(page) " of " counter(pages); } }
  body { font: 11pt/1.5 "DejaVu Serif", Georgia, serif; max-width: 42em; margin: 2em auto; padding: 0 1em; color: #000; }
  h1 { font-size: 18pt; text-align: center; margin: 0 0 1.5em; }
  h2 { font-size: 11pt; margin: 1.5em 0 0.3em; break-after: avoid; }
  p, li { margin: 0.4em 0; orphans: 2; widows: 2; }
  .signature { break-inside: avoid; margin-top: 3em; width: 18em; border-top: 1px solid #000; padding-top: 0.2em; }
  .colophon { margin-top: 3em; border-top: 1px solid #888; padding-top: 0.5em; font-size: 7.5pt; color: #444; }
  .colophon p { margin: 0.1em 0; overflow-wrap: anywhere; }
  @media print { body { margin: 0; max-width: none; padding: 0; } }
`;

/**
 * Prints a will as an HTML page of its own, without scripts and without anything from elsewhere. Every value is escaped.
 * The end of the page says which versions of which texts the will was made of.
 *
 * @throws AshlarError `input-invalid` for a will that was changed after it was assembled
 */
export function willHtml(will: Will): string {
  assertAssembled(will);
  const title = escaped(titleOf(will));
  return `<!doctype html>
<html lang="en-ZA">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<h1>${title}</h1>
${will.clauses.map(clauseHtml).join('\n')}
<footer class="colophon">
${colophonOf(will)
  .map((line) => `<p>${escaped(line)}</p>`)
  .join('\n')}
</footer>
</body>
</html>
`;
}

const clauseHtml = ({ name, code, version, text }: WillClause, at: number): string =>
  `<section data-code="${escaped(code)}" data-version="${version}">
<h2>${at + 1}. ${escaped(name)}</h2>
${blocksHtml(blocksOf(text))}
</section>`;

const blocksHtml = (blocks: readonly Block[]): string => {
  const html: string[] = [];
  for (const [at, { kind, text }] of blocks.entries()) {
    if (kind === 'item') {
      if (blocks[at - 1]?.kind !== 'item') html.push('<ul>');
      html.push(`<li>${escaped(text)}</li>`);
      if (blocks[at + 1]?.kind !== 'item') html.push('</ul>');
    } else if (kind === 'signature') html.push(`<p class="signature">${escaped(text)}</p>`);
    else html.push(`<p>${escaped(text)}</p>`);
  }
  return html.join('\n');
};
