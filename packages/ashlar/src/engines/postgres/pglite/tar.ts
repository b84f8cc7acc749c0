const block = 512;
const sizeAt = 124;

/**
 * Reads the major version of PostgreSQL from the file PG_VERSION of a data folder in a tar (POSIX 1003.1-1988, ustar);
 * `undefined` if the tar has no such file.
 */
export async function majorInTar(tar: Blob): Promise<number | undefined> {
  for (let at = 0; at + block <= tar.size; ) {
    const header = Buffer.from(await tar.slice(at, at + block).arrayBuffer());
    const name = text(header.subarray(0, 100));
    const size = Number.parseInt(text(header.subarray(sizeAt, sizeAt + 12)) || '0', 8);
    // two empty blocks end the archive
    if (name === '' || !Number.isSafeInteger(size) || size < 0) return undefined;
    if (/^[./]*PG_VERSION$/.test(name)) {
      return Number.parseInt(await tar.slice(at + block, at + block + size).text(), 10) || undefined;
    }
    at += block + Math.ceil(size / block) * block;
  }
  return undefined;
}

const text = (field: Buffer): string => {
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end === -1 ? field.length : end).trim();
};
