import { Html } from './html.js';

/** The style sheet of the report page, for screen and print. It loads nothing from the network. */
export const style = new Html(`
  :root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff; }
  body { max-width: 60rem; margin: 2.5rem auto; padding: 0 1.5rem; }
  h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
  h2 { font-size: 1.15rem; margin: 2.25rem 0 .25rem; border-top: 1px solid #ccc; padding-top: 1rem; }
  p { margin: .25rem 0; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: 1rem 0; }
  dt { color: #666; }
  dd { margin: 0; overflow-wrap: anywhere; }
  code { font: .9em ui-monospace, monospace; }
  table { width: 100%; border-collapse: collapse; margin: .75rem 0; font-size: .9rem; }
  th { text-align: left; color: #666; font-weight: 500; }
  th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #e6e6e6; vertical-align: top; }
  td:last-child, th:last-child { padding-right: 0; }
  .good { color: #14682c; }
  .bad { color: #b3261e; font-weight: 600; }
  .quiet { color: #666; }
  .stamp { display: inline-block; border: 2px solid; border-radius: .35rem; padding: .2rem .8rem; font-weight: 600; }
  ul { padding-left: 1.25rem; }
  @page { margin: 18mm; }
  @media print {
    body { max-width: none; margin: 0; padding: 0; font-size: 10pt; }
    h2 { break-after: avoid; }
    tr, dl { break-inside: avoid; }
    thead { display: table-header-group; }
  }
`);
