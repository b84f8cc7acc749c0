import { type Database, type Session, system } from 'ashlar';
import { exportFile } from './export.js';
import { importFile } from './import.js';
import { simulatedExecutor } from './simulated.js';
import { type ShippingTables, shipments, tables } from './tables.js';

export type { CsvFormat, CsvSource } from './csv.js';
export { dollars } from './dollars.js';
export { type ExportRequest, exportRows } from './export.js';
export { type ImportJobInput, importJob } from './import.js';
export type { CsvRecord, RowData, RowRules } from './row-reader.js';
export { type SimulationOptions, simulatedExecutor, simulatedRate } from './simulated.js';
export * from './tables.js';

/** An open database of the shipping system. */
export type ShippingDatabase = Database<ShippingTables>;
/** A session of the shipping system. */
export type ShippingSession = Session<ShippingTables>;

/**
 * The system `shipping`: batch jobs that ship each order of a CSV file and record its outcome, even if a worker
 * crashes. `ashlar jobs run` uses the simulated executor, which calls no carrier, unless it is given another one.
 */
export const shipping = system('shipping', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
  jobs: shipments.commands({ executor: simulatedExecutor, import: importFile, export: exportFile }),
});
