// A disk in memory: it replays recorded file operations up to a moment, and gives what may be on the disk when the power fails then.
//
// What a sync promises, and no more: a file's content is on the disk up to its last fsync; of the writes after it any may be there,
// in any order, and one may be cut at a sector. Names are on the disk up to the last fsync of their folder; of the changes of names
// after it a first part is there, as a journal keeps them in order.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The kinds of operations, as the library numbers them. */
export const kinds = {
  write: 1,
  fsync: 2,
  rename: 4,
  link: 8,
  unlink: 16,
  create: 32,
  truncate: 64,
  mkdir: 128,
};
const headBytes = 24;
const sector = 512;

/** The name of the file to which a trial writes what it was promised. It is no part of the disk. */
export const promises = '.promised';

/** Reads the recorded operations below a folder; paths are relative to it. */
export const readRecord = (file, folder) => {
  const bytes = readFileSync(file);
  const ops = [];
  const relative = (path) =>
    path.startsWith(`${folder}/`)
      ? path.slice(folder.length + 1).replace(/ \(deleted\)$/, '')
      : path === folder
        ? ''
        : undefined;
  for (let at = 0; at < bytes.length; ) {
    const [kind, path, other, length] = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(at + offset));
    const offset = Number(bytes.readBigInt64LE(at + 16));
    at += headBytes;
    const text = (size) => {
      at += size;
      return bytes.toString('utf8', at - size, at);
    };
    const op = {
      kind,
      path: relative(text(path)),
      other: relative(text(other)),
      offset,
      bytes: bytes.subarray(at, at + length),
    };
    at += length;
    if (op.path !== undefined) ops.push(op);
  }
  return ops;
};

/** The files and folders below a folder, by their paths: a file with its content. */
export const filesIn = (folder, sub = '') =>
  readdirSync(join(folder, sub), { withFileTypes: true }).flatMap((entry) => {
    const path = sub === '' ? entry.name : `${sub}/${entry.name}`;
    return entry.isDirectory()
      ? [[path], ...filesIn(folder, path)]
      : [[path, readFileSync(join(folder, path))]];
  });

// the index of a log is in shared memory, and is made again after a crash
const isNoPart = (path) => path.endsWith('-shm') || path === promises;

/** The state of a disk while recorded operations run. */
export class Disk {
  /**
   * @param files - what is on the disk before
   * @param isSynced - whether a file counts as synced after each write, because its program cannot sync
   */
  constructor(files, isSynced = () => false) {
    this.isSynced = isSynced;
    this.names = new Map();
    this.changes = [];
    this.certain = 0;
    this.durable = new Map();
    this.promised = [];
    for (const [path, content] of files) {
      if (isNoPart(path)) continue;
      const file = content ? { content, writes: [] } : folderEntry;
      this.names.set(path, file);
      this.durable.set(path, file);
    }
  }

  /** @param ignoresSync - as a disk that confirms what it has not written */
  run(op, ignoresSync = false) {
    const { kind, path, other, offset, bytes } = op;
    if (path === promises) {
      if (kind === kinds.write) this.promised.push(...bytes.toString().trim().split('\n'));
      return;
    }
    if (isNoPart(path)) return;
    const change = (apply, ...folders) => {
      apply(this.names);
      this.changes.push({ apply, folders });
    };
    const file = this.names.get(path);
    switch (kind) {
      case kinds.create: {
        const made = { content: Buffer.alloc(0), writes: [] };
        return change((names) => names.set(path, made), dirname(path));
      }
      case kinds.mkdir:
        return change((names) => names.set(path, folderEntry), dirname(path));
      case kinds.write:
        if (!file?.writes) return;
        if (this.isSynced(path)) return writeNow(file, offset, bytes);
        return file.writes.push({ offset, bytes });
      case kinds.truncate:
        file?.writes?.push({ length: offset });
        return this.isSynced(path) && sync(file);
      case kinds.rename:
        return change(
          (names) => {
            const moved = names.get(path);
            names.delete(path);
            if (moved) names.set(other, moved);
            // a folder moves with what is in it
            if (!moved?.writes)
              for (const [name, each] of [...names])
                if (name.startsWith(`${path}/`)) {
                  names.delete(name);
                  names.set(`${other}${name.slice(path.length)}`, each);
                }
          },
          dirname(path),
          dirname(other),
        );
      case kinds.link:
        return change((names) => file && names.set(other, file), dirname(other));
      case kinds.unlink:
        return change((names) => names.delete(path), dirname(path));
      case kinds.fsync:
        if (ignoresSync) return;
        if (file?.writes) sync(file);
        else this.#syncFolder(path);
    }
  }

  #syncFolder(path) {
    const folder = path === '' ? '.' : path;
    for (let at = this.changes.length - 1; at >= this.certain; at--)
      if (this.changes[at].folders.includes(folder)) {
        for (const { apply } of this.changes.slice(this.certain, at + 1)) apply(this.durable);
        this.certain = at + 1;
        return;
      }
  }

  /** Writes what may be on the disk now into an empty folder. @param random - numbers from 0 to below 1 */
  image(folder, random) {
    const names = new Map(this.durable);
    const open = this.changes.length - this.certain;
    for (const { apply } of this.changes.slice(
      this.certain,
      this.certain + Math.floor(random() * (open + 1)),
    ))
      apply(names);
    // all of it, nothing of it, or each write by itself
    const mood = random();
    const keeps = () => (mood < 0.15 ? true : mood < 0.3 ? false : random() < 0.5);
    for (const [path, { content, writes }] of names) {
      if (!writes) {
        mkdirSync(join(folder, path), { recursive: true });
        continue;
      }
      const kept = writes
        .filter(keeps)
        .map((write) => (write.bytes && random() < 0.05 ? torn(write, random) : write));
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), applied(content, kept));
    }
  }
}

const folderEntry = Object.freeze({});

// images share what was on the disk before
const writeNow = (file, offset, bytes) => {
  const end = offset + bytes.length;
  if (!file.isOwn || file.content.length < end) {
    const whole = Buffer.alloc(Math.max(file.content.length, end));
    file.content.copy(whole);
    file.content = whole;
    file.isOwn = true;
  }
  bytes.copy(file.content, offset);
};

const sync = (file) => {
  if (!file?.writes) return;
  file.content = applied(file.content, file.writes);
  file.isOwn = false;
  file.writes = [];
};

const torn = ({ offset, bytes }, random) => ({
  offset,
  bytes: bytes.subarray(0, Math.floor((random() * bytes.length) / sector) * sector),
});

const applied = (content, writes) => {
  if (writes.length === 0) return content;
  const most = Math.max(
    content.length,
    ...writes.map(({ offset = 0, bytes }) => (bytes ? offset + bytes.length : 0)),
  );
  const whole = Buffer.alloc(most);
  content.copy(whole);
  let length = content.length;
  for (const write of writes) {
    if (write.bytes) {
      write.bytes.copy(whole, write.offset);
      length = Math.max(length, write.offset + write.bytes.length);
    } else {
      if (write.length < length) whole.fill(0, write.length, length);
      length = write.length;
    }
  }
  if (length <= whole.length) return whole.subarray(0, length);
  return Buffer.concat([whole, Buffer.alloc(length - whole.length)]);
};

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export const randomFrom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** Makes a folder empty. */
export const emptied = (folder) => {
  if (statSync(folder, { throwIfNoEntry: false })) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  return folder;
};
