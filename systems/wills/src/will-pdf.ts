import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AshlarError } from 'ashlar';
import type { Font } from 'fontkit';
import type PDFDocument from 'pdfkit';
import type { Will } from './will.js';
import { type Block, blocksOf, colophonOf, titleOf } from './will-blocks.js';

const file = (name: string): string => fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));

const fonts = { text: 'DejaVuSerif', bold: 'DejaVuSerif-Bold' } as const;

let textFont: Font | undefined;

const margin = { x: 62, top: 71, bottom: 71 };
const indent = 14;

/**
 * Prints a will as a PDF of A4 pages with page numbers. Its font is embedded and has the letters of every official language
 * of South Africa. The end says which versions of which texts the will was made of.
 *
 * @throws AshlarError `input-invalid` for a letter that the font does not have: it would leave a gap
 */
export async function willPdf(will: Will): Promise<Uint8Array> {
  // loaded only here: they take longer to load than the rest of the system
  const [{ default: Document }, fontkit] = await Promise.all([import('pdfkit'), import('fontkit')]);
  textFont ??= fontkit.create(readFileSync(file(fonts.text))) as Font;
  assertLetters(will, textFont);
  const pdf = new Document({
    size: 'A4',
    margins: { top: margin.top, bottom: margin.bottom, left: margin.x, right: margin.x },
    bufferPages: true,
    lang: 'en-ZA',
    info: { Title: titleOf(will), CreationDate: new Date(will.assembled_at) },
  });
  const parts: Buffer[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    pdf.on('data', (part: Buffer) => parts.push(part));
    pdf.on('end', () => resolve());
    pdf.on('error', reject);
  });
  for (const [name, font] of Object.entries(fonts)) pdf.registerFont(name, file(font));
  pdf.font('bold').fontSize(17).text(titleOf(will), { align: 'center' }).moveDown(1.5);
  for (const [at, { name, text }] of will.clauses.entries()) {
    const [first, ...rest] = blocksOf(text);
    // a heading is never the last line of a page
    keepTogether(pdf, 40 + (first ? heightOf(pdf, first) : 0));
    pdf
      .font('bold')
      .fontSize(11)
      .text(`${at + 1}. ${name}`)
      .moveDown(0.3);
    for (const block of first ? [first, ...rest] : rest) printBlock(pdf, block);
    pdf.moveDown(0.9);
  }
  printColophon(pdf, will);
  numberPages(pdf);
  pdf.end();
  await ended;
  return new Uint8Array(Buffer.concat(parts));
}

type Pdf = InstanceType<typeof PDFDocument>;

const widthOf = (pdf: Pdf): number => pdf.page.width - 2 * margin.x;

const heightOf = (pdf: Pdf, { kind, text }: Block): number =>
  kind === 'signature' ? 70 : Math.min(60, pdf.font('text').fontSize(11).heightOfString(text));

const keepTogether = (pdf: Pdf, height: number): void => {
  if (pdf.y + height > pdf.page.height - margin.bottom) pdf.addPage();
};

const printBlock = (pdf: Pdf, { kind, text }: Block): void => {
  pdf.font('text').fontSize(11);
  if (kind === 'signature') {
    keepTogether(pdf, 70);
    const y = pdf.y + 40;
    pdf
      .moveTo(margin.x, y)
      .lineTo(margin.x + 220, y)
      .lineWidth(0.7)
      .stroke();
    pdf.text(text, margin.x, y + 4);
  } else if (kind === 'item') {
    const { y } = pdf;
    pdf.text('–', margin.x, y, { lineBreak: false });
    pdf.text(text, margin.x + indent, y, { width: widthOf(pdf) - indent, lineGap: 3 });
    pdf.x = margin.x;
  } else pdf.text(text, { lineGap: 3 });
  pdf.moveDown(0.3);
};

const printColophon = (pdf: Pdf, will: Will): void => {
  const lines = colophonOf(will).join('\n');
  pdf.font('text').fontSize(7);
  keepTogether(pdf, Math.min(pdf.heightOfString(lines) + 20, 400));
  pdf.moveDown(2);
  pdf
    .moveTo(margin.x, pdf.y)
    .lineTo(pdf.page.width - margin.x, pdf.y)
    .lineWidth(0.4)
    .stroke('#888');
  pdf.moveDown(0.5).fillColor('#444').text(lines, { lineGap: 1 }).fillColor('#000');
};

const numberPages = (pdf: Pdf): void => {
  const { start, count } = pdf.bufferedPageRange();
  for (let at = start; at < start + count; at++) {
    pdf.switchToPage(at);
    // below the margin, where text would otherwise begin another page
    pdf.page.margins.bottom = 0;
    const y = pdf.page.height - 45;
    pdf.font('text').fontSize(8).fillColor('#444');
    pdf.text(`Page ${at - start + 1} of ${count}`, margin.x, y, { width: widthOf(pdf), align: 'center' });
    pdf.page.margins.bottom = margin.bottom;
  }
};

const assertLetters = (will: Will, font: Font): void => {
  const printed = will.clauses.flatMap(({ name, text }) => [name, text]).concat(colophonOf(will));
  for (const letter of new Set(printed.join(''))) {
    if (/\s/u.test(letter) || font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0)) continue;
    throw new AshlarError('input-invalid', {
      message: `The will cannot be printed: the font has no letter for ${letter}.`,
      detail: `Unicode U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}.`,
      suggestion: 'Spell the name with other letters, or print the HTML page.',
    });
  }
};
