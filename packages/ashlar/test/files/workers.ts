import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('lock-worker.mjs', import.meta.url));
const built = new URL('../../build/files/lock.js', import.meta.url).href;

/** An answer of a worker. */
export interface Answer {
  readonly held?: boolean;
  readonly taken?: number;
  readonly overlaps?: number;
}

/** A child process that takes locks. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer & { error?: string }) => void>();
  #next = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: Answer & { id: number }) => {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
    child.on('exit', () => {
      for (const answer of this.#waiting.values()) answer({ error: 'killed' });
      this.#waiting.clear();
    });
  }

  static async start(): Promise<Worker> {
    const child = fork(script, [built], { execArgv: [] });
    await once(child, 'message');
    return new Worker(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends a request. Rejects with `killed` if the process ends before it answers. */
  async do(work: 'take' | 'release' | 'churn', rest: object = {}): Promise<Answer> {
    const id = this.#next++;
    const answer = await new Promise<Answer & { error?: string }>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, work, ...rest }, (error) => {
        if (error) resolve({ error: 'killed' });
      });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** Halts the process for some milliseconds. */
  async halt(time: number): Promise<void> {
    this.#child.kill('SIGSTOP');
    await pause(time);
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
