/**
 * Waits for `event`, at most a number of milliseconds.
 *
 * @returns whether the event came in time
 * @throws what `event` rejects with
 */
export async function endsWithin(event: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([event.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
