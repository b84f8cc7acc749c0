import { rootText } from '../../refusal.js';

/** The fields that errors of both drivers share. */
export interface DriverError {
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly severity?: string | undefined;
  readonly detail?: string | undefined;
  readonly where?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
}

/** Returns the fields of an error of a driver. */
export function fieldsOf(error: unknown): DriverError {
  return typeof error === 'object' && error !== null ? (error as DriverError) : { message: String(error) };
}

const networkCodes = /^E(CONNRESET|PIPE|CONNABORTED|NETRESET|TIMEDOUT|NOTCONN|HOSTUNREACH|NETUNREACH)$/;
const driverSaysDead = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

// bytes are sent in binary; of another type than bytea the server reads too few of them, or too many: 08P01, 22P03
const otherBinary =
  /^(insufficient data left in|no data left in|invalid string in|invalid message format|incorrect binary data format)/;

/** Whether an error means that a value was sent as bytes to a parameter of another type. */
export function isOtherBinary(error: unknown): boolean {
  return otherBinary.test(fieldsOf(error).message ?? '');
}

/**
 * Whether PgBouncer gave the connection up because no connection to the server became free within its
 * `query_wait_timeout`. Another attempt would wait as long again.
 */
export function isQueueFull(error: unknown): boolean {
  return fieldsOf(error).message?.startsWith('query_wait_timeout') ?? false;
}

/** Whether an error means that the connection is lost: a socket error, or the server ended the session. */
export function isConnectionLost(error: unknown): boolean {
  const { code = '', message = '' } = fieldsOf(error);
  if (isOtherBinary(error) || isQueueFull(error)) return false;
  if (/^(08...|57P0[1-5]|25P03|25P04)$/.test(code)) return true;
  return networkCodes.test(code) || driverSaysDead.test(message);
}

/** Whether an error, or its cause, means that the driver knew the connection to be dead, and sent nothing. */
export function isUnsent(error: unknown): boolean {
  return / is not queryable$/.test(rootText(error));
}

/**
 * Whether an error means that a prepared statement no longer exists, or is no longer valid because the schema changed.
 * The statement can be run again on another connection.
 */
export function isStaleStatement(error: unknown): boolean {
  const { code, message = '' } = fieldsOf(error);
  return code === '26000' || (code === '0A000' && message.includes('cached plan'));
}
