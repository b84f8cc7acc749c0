import { sha256 } from './checksum.js';
import type { JobRow } from './tables.js';

/** What a carrier's answer leaves on a row. */
export interface Shipment {
  readonly tracking_number: string;
  readonly label_path?: string | null | undefined;
  /** Integer cents, 0 or more. */
  readonly cost_cents: number;
}

/** What identifies one shipment to the provider, however often it is tried. */
export interface ShipmentIdentity {
  /** The same for a row in every attempt: SHA-256 of the job's id and the row's number. */
  readonly idempotencyKey: string;
}

/** One attempt. */
export interface ShipmentAttempt extends ShipmentIdentity {
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted when this worker has lost its lease: what is still under way will not be recorded by it. */
  readonly signal: AbortSignal;
}

/** A row as an executor sees it. */
export type ShippableRow = Pick<JobRow, 'job_id' | 'row_number' | 'row_data'>;

/**
 * What does the work of a row: the caller's own code, usually a call to a carrier.
 *
 * Rows are attempted at least once; recorded exactly once; with an idempotent or reconcilable provider, effected once.
 */
export interface Executor {
  readonly name: string;
  /** Whether calling `ship` again with the same key cannot have a second effect. */
  readonly idempotent: boolean;
  /**
   * Ships one row. What it throws fails the row; its `code`, if it is a string, becomes the row's `error_code`. Throw
   * with the code `in_doubt` when it cannot be known whether the call had its effect.
   */
  ship(row: ShippableRow, attempt: ShipmentAttempt): Promise<Shipment>;
  /** Asks the provider what became of a row that was attempted before. Called before such a row is shipped again. */
  reconcile?(row: ShippableRow, identity: ShipmentIdentity): Promise<Shipment | 'not-effected'>;
}

/** The key under which a provider recognises a row in every attempt: SHA-256 of the job's id and the row's number. */
export const idempotencyKey = (jobId: string, rowNumber: number): string => sha256(`${jobId}/${rowNumber}`);
