import type { Client } from 'pg';

/** The parts of pg's connection that its types lack. */
interface CancellingConnection {
  readonly stream: { destroy(): void };
  connect(portOrPath: number | string, host?: string): void;
  cancel(processId: number, secretKey: number): void;
  on(event: 'connect' | 'sslconnect' | 'end' | 'error', listener: () => void): void;
}

interface CancellableClient {
  readonly processID: number | null;
  readonly secretKey: number | null;
}

const longest = 2_000;

/**
 * Asks the server, on a connection of its own, to cancel the statement that runs on the connection of `client`. This is
 * PostgreSQL's cancel request, which poolers pass on; pg_cancel_backend would need the server's process id, which they
 * hide. Resolves when the server has closed that connection, or after two seconds; never rejects.
 *
 * @param unused - a client that is not connected, with the same settings as `client`
 */
export function cancelRequest(unused: Client, client: Client): Promise<void> {
  const connection = unused.connection as unknown as CancellingConnection;
  const { processID, secretKey } = client as unknown as CancellableClient;
  if (processID === null || secretKey === null) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      connection.stream.destroy();
      resolve();
    };
    const timer = setTimeout(finish, longest);
    const ask = (): void => connection.cancel(processID, secretKey);
    // with TLS only the second event is emitted, without it only the first
    connection.on('connect', ask);
    connection.on('sslconnect', ask);
    connection.on('end', finish);
    connection.on('error', finish);
    const { host, port } = unused;
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  });
}
