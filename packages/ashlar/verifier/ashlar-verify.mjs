#!/usr/bin/env node
// Verifies files of an Ashlar ledger: an inclusion proof, a receipt, a consistency proof, an exported ledger. It needs Node.js 20 or
// newer and nothing else: not Ashlar, no package, no network. It is short, so that its users can read it before they rely
// on it.
//
//   node ashlar-verify.mjs proof FILE --key VKEY
//   node ashlar-verify.mjs receipt FILE --key VKEY
//   node ashlar-verify.mjs consistency EARLIER-CHECKPOINT FILE --key VKEY
//   node ashlar-verify.mjs export FOLDER --key VKEY [--checkpoint FILE]… [--unsigned-retirements]
//   node ashlar-verify.mjs self-test
//
// VKEY is the verifier key of the ledger's signer, obtained separately from the file. --key is repeatable.
// Exit codes: 0 valid · 1 not valid · 2 wrong usage.
//
// Hashes and trees: RFC 9162 section 2.1. Keys and signatures: https://c2sp.org/signed-note (Ed25519).
// Checkpoints: https://c2sp.org/tlog-checkpoint. Proof files: https://c2sp.org/tlog-proof, with the entry in "extra".
// Consistency files: the request of https://c2sp.org/tlog-witness.
// Receipts: JSON of ashlar/receipt/v1 with the receipt and a proof file; the proven row has the receipt's SHA-256 hash.

import { createHash, createPublicKey, verify } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** A file or checkpoint is not valid. */
export class NotValid extends Error {}
/** The command line or a key is malformed. */
export class WrongUse extends Error {}

const demand = (condition, message) => {
  if (!condition) throw new NotValid(message);
};

// ---- Merkle trees: RFC 9162 section 2.1 ----

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const areSizes = (sizes) => sizes.every((size) => Number.isSafeInteger(size) && size >= 0);
const areHashes = (hashes) => hashes.every((hash) => hash.length === 32);
/** Returns the hash of a leaf. */
export function leafHash(entry) {
  return sha256(Buffer.of(0), entry);
}
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

/** The largest power of two smaller than `size`. */
const split = (size) => {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
};

/** Computes the root from a leaf and its inclusion path; undefined when the path has the wrong length. */
const rootFrom = (leaf, position, size, path) => {
  if (size === 1) return path.length === 0 ? leaf : undefined;
  const left = split(size);
  const [start, count] = position < left ? [0, left] : [left, size - left];
  const below = rootFrom(leaf, position - start, count, path.slice(0, -1));
  const sibling = path.at(-1);
  if (below === undefined || sibling === undefined) return undefined;
  return start === 0 ? nodeHash(below, sibling) : nodeHash(sibling, below);
};

/** Tells whether `path` proves that `leaf` is at `position` in the tree of `size` leaves with `root`. */
export function verifyInclusion(leaf, position, size, path, root) {
  return (
    areSizes([position, size]) &&
    position < size &&
    areHashes([leaf, root, ...path]) &&
    rootFrom(leaf, position, size, path)?.equals(root) === true
  );
}

/**
 * Computes the roots of the earlier and the later tree from a consistency path; undefined when the path has the wrong
 * length. `whole`: the subtree is the whole earlier tree, so its root is known and not part of the path.
 */
const rootsFrom = ({ fromRoot, from, size, path, whole }) => {
  if (from === size) {
    const [hash, ...more] = whole ? [fromRoot, ...path] : path;
    return more.length === 0 && hash !== undefined ? [hash, hash] : undefined;
  }
  const left = split(size);
  const [start, count] = from <= left ? [0, left] : [left, size - left];
  const below = rootsFrom({
    fromRoot,
    from: from - start,
    size: count,
    path: path.slice(0, -1),
    whole: whole && start === 0,
  });
  const sibling = path.at(-1);
  if (below === undefined || sibling === undefined) return undefined;
  const [earlier, later] = below;
  return start === 0
    ? [earlier, nodeHash(later, sibling)]
    : [nodeHash(sibling, earlier), nodeHash(sibling, later)];
};

/** Tells whether `path` proves that the tree of `to` leaves begins with the tree of `from` leaves. */
export function verifyConsistency(from, to, fromRoot, toRoot, path) {
  if (!areSizes([from, to]) || from > to || !areHashes([fromRoot, toRoot, ...path])) return false;
  if (from === 0)
    return path.length === 0 && fromRoot.equals(sha256()) && (to > 0 || toRoot.equals(fromRoot));
  const roots = rootsFrom({ fromRoot, from, size: to, path, whole: true });
  return roots?.[0].equals(fromRoot) === true && roots[1].equals(toRoot);
}

/** An append-only tree in constant memory: it stores only the roots of its full subtrees, largest first. */
export class GrowingTree {
  size = 0;
  #subtrees = [];

  append(hash) {
    this.#subtrees.push({ leaves: 1, hash });
    this.size += 1;
    while (this.#subtrees.at(-1)?.leaves === this.#subtrees.at(-2)?.leaves) {
      const right = this.#subtrees.pop();
      const left = this.#subtrees.pop();
      this.#subtrees.push({ leaves: left.leaves * 2, hash: nodeHash(left.hash, right.hash) });
    }
  }

  root() {
    if (this.size === 0) return sha256();
    return this.#subtrees.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right));
  }
}

// ---- Text, keys, signed notes, checkpoints ----

const utf8 = (bytes, what) => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotValid(`${what} is not UTF-8`);
  }
};
const base64 = (text, what) => {
  const bytes = Buffer.from(text, 'base64');
  demand(bytes.toString('base64') === text, `${what} is not base64`);
  return bytes;
};
const hashIn = (text, what) => {
  const bytes = base64(text, what);
  demand(bytes.length === 32, `${what} is not a SHA-256 hash`);
  return bytes;
};
const numberIn = (text, what) => {
  demand(
    /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)),
    `${what} is not a non-negative integer`,
  );
  return Number(text);
};

/** The form in which the retirements of a ledger are signed: entries that were purged when their time had expired. */
const retirementsForm = 'ashlar/retirements/v1';

/** Parses a verifier key, `name+id+base64`, and checks that the id matches the key. */
const readKey = (text) => {
  const [, name, id, encoded] = /^([^+\s\u0085]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  const belongs = sha256(`${name}\n`, bytes).subarray(0, 4).toString('hex') === id;
  if (bytes.length !== 33 || bytes[0] !== 1 || bytes.toString('base64') !== encoded || !belongs)
    throw new WrongUse('a --key does not have the form name+id+base64, or its id does not match the key');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') };
  const idOf = (...kind) =>
    sha256(`${name}\n`, ...kind, bytes.subarray(1))
      .subarray(0, 4)
      .toString('hex');
  return {
    name,
    id,
    timeId: idOf(Buffer.of(4)),
    retirementsId: idOf(Buffer.of(0xff), retirementsForm),
    key: createPublicKey({ key: jwk, format: 'jwk' }),
  };
};

/** Returns the text of a signed note. At least one of the keys must have signed it, and each of their signatures must be valid. */
const openNote = (note, keys) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
  demand(!/[\u0000-\u0009\u000b-\u001f]/.test(note), 'the checkpoint contains control characters');
  const blank = note.lastIndexOf('\n\n');
  demand(blank >= 0 && note.endsWith('\n') && blank + 2 < note.length, 'the checkpoint has no signatures');
  const text = note.slice(0, blank + 1);
  const lines = note.slice(blank + 2, -1).split('\n');
  demand(lines.length <= 16, 'the checkpoint has more than 16 signatures');
  let signed = false;
  for (const line of lines) {
    const [, name, encoded] = /^— ([^+\s\u0085]+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? [];
    demand(encoded !== undefined, 'a signature is malformed');
    const bytes = base64(encoded, 'a signature');
    const known = keys.find((one) => one.name === name && one.id === bytes.subarray(0, 4).toString('hex'));
    if (known === undefined) continue;
    demand(
      verify(null, Buffer.from(text), known.key, bytes.subarray(4)),
      `the signature of ${name} is not valid`,
    );
    signed = true;
  }
  demand(signed, 'the checkpoint is not signed by any --key');
  return text;
};

/** The bytes behind the ids of one kind in the signatures of a note, each with the key; `length` bytes each. */
const statementsIn = (note, text, keys, kind, length) =>
  note
    .slice(text.length + 1, -1)
    .split('\n')
    .flatMap((line) => {
      const [, name, encoded] = line.split(' ');
      const bytes = base64(encoded, 'a signature');
      const id = bytes.subarray(0, 4).toString('hex');
      const known = keys.find((one) => one.name === name && one[kind] === id);
      if (known === undefined) return [];
      demand(bytes.length === 4 + length, `the signature of ${name} is not valid`);
      return [{ known, bytes: bytes.subarray(4) }];
    });
const demandSigned = ({ known, bytes }, statement, at) =>
  demand(
    verify(null, Buffer.from(statement), known.key, bytes.subarray(at)),
    `the signature of ${known.name} is not valid`,
  );

/** What the signatures of a note state about retirements: their number and digest; undefined when they state nothing. */
const retirementsIn = (note, text, keys) => {
  const stated = statementsIn(note, text, keys, 'retirementsId', 16 + 32 + 64).map((one) => {
    const [seconds, count] = [one.bytes.readBigUInt64BE(0), one.bytes.readBigUInt64BE(8)];
    const digest = one.bytes.subarray(16, 48);
    const lines = `retirements ${count} ${digest.toString('base64')}`;
    demandSigned(one, `${retirementsForm}\ntime ${seconds}\n${lines}\n${text}`, 48);
    return { count: Number(count), digest };
  });
  for (const { count, digest } of stated) {
    const same = count === stated[0].count && digest.equals(stated[0].digest);
    demand(same, 'the signatures of the checkpoint state different retirements');
  }
  return stated[0];
};

/** The earliest time that a signature of a note states, in milliseconds (https://c2sp.org/tlog-cosignature); undefined without one. */
const timeIn = (note, text, keys) => {
  const times = statementsIn(note, text, keys, 'timeId', 8 + 64).map((one) => {
    const seconds = one.bytes.readBigUInt64BE(0);
    demandSigned(one, `cosignature/v1\ntime ${seconds}\n${text}`, 8);
    return Number(seconds) * 1_000;
  });
  return times.length > 0 ? Math.min(...times) : undefined;
};

const openCheckpoint = (note, keys) => {
  const text = openNote(note, keys);
  const [origin, size, root, end, ...more] = text.split('\n');
  demand(
    origin !== '' && root !== undefined && end === '' && more.length === 0,
    'the checkpoint is malformed',
  );
  return {
    origin,
    size: numberIn(size, 'the size'),
    root: hashIn(root, 'the root'),
    retirements: retirementsIn(note, text, keys),
    time: timeIn(note, text, keys),
  };
};

/** Parses an entry, `["ashlar/entry/v1", log, salt, at, row]`, and checks that it belongs to the log. */
const readEntry = (bytes, log, where = 'the entry') => {
  let value;
  try {
    value = JSON.parse(utf8(bytes, where));
  } catch {
    throw new NotValid(`${where} is not valid JSON`);
  }
  const [format, entryLog, salt, at, row] = Array.isArray(value) && value.length === 5 ? value : [];
  const areTexts = [entryLog, salt, at].every((part) => typeof part === 'string');
  const isObject = typeof row === 'object' && row !== null && !Array.isArray(row);
  demand(format === 'ashlar/entry/v1' && areTexts && isObject, `${where} is not an ashlar/entry/v1 entry`);
  // a checkpoint's origin is the name of the log, with or without a system's name before it
  const same = entryLog === log || (entryLog !== '' && log.endsWith(`/${entryLog}`));
  demand(same, `${where} belongs to log ${JSON.stringify(entryLog)}, the checkpoint to log ${log}`);
  return { at, row, salt };
};

// ---- Files ----

/** Splits a file into the lines before its first blank line and the checkpoint after it. */
const splitFile = (bytes, keys) => {
  const text = utf8(bytes, 'the file');
  const blank = text.indexOf('\n\n');
  demand(blank >= 0, 'the file contains no checkpoint');
  return { lines: text.slice(0, blank).split('\n'), checkpoint: openCheckpoint(text.slice(blank + 2), keys) };
};
const fieldOf = (word, line) => {
  demand(line?.startsWith(`${word} `), `the file has no line "${word}"`);
  return line.slice(word.length + 1);
};
const readPath = (lines) => lines.map((line) => hashIn(line, 'a line of the path'));

/**
 * Verifies an inclusion proof file and returns the checkpoint with the entry's position, time and row.
 *
 * @param bytes - the content of the file
 * @param keys - verifier keys as text
 * @throws NotValid, WrongUse
 */
export function verifyProofFile(bytes, keys) {
  const { lines, checkpoint } = splitFile(bytes, keys.map(readKey));
  const [header, extra, index, ...path] = lines;
  demand(header === 'c2sp.org/tlog-proof@v1', 'the file is not a c2sp.org/tlog-proof@v1 file');
  const entry = base64(fieldOf('extra', extra), 'the entry');
  const position = numberIn(fieldOf('index', index), 'the position');
  const holds = verifyInclusion(leafHash(entry), position, checkpoint.size, readPath(path), checkpoint.root);
  demand(
    holds,
    `the entry is not at position ${position} of the log with ${checkpoint.size} entries that was signed`,
  );
  const { origin, size, root } = checkpoint;
  const { at, row } = readEntry(entry, origin);
  return { origin, size, root, position, at, row };
}

/** How far the clock of the process that issued a receipt may be ahead of the database's, in milliseconds. */
const clockSkew = 300_000;

/**
 * Verifies a receipt: the file of `ashlar/receipt/v1` is exactly as it was written, its proof is valid, and the proven row
 * is the event of this receipt in the log `audit_logs`, with its hash. Every signature must be by a key that is given: no
 * character of the file may be changed. The receipt states the consent as of its `issued_at`.
 * Returns the checkpoint with the entry's position, time and row, and the receipt.
 *
 * @param bytes - the content of the file
 * @param keys - verifier keys as text
 * @throws NotValid, WrongUse
 */
export function verifyReceiptFile(bytes, keys) {
  const text = utf8(bytes, 'the file');
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new NotValid('the file is not valid JSON');
  }
  demand(file?.format === 'ashlar/receipt/v1', 'the file is not an ashlar/receipt/v1 receipt');
  const { format, receipt, proof } = file;
  const written = `${JSON.stringify({ format, receipt, proof }, null, 2)}\n`;
  demand(text === written && typeof proof === 'string', 'the file is not written as it was issued');
  const entry = verifyProofFile(Buffer.from(proof), keys);
  const known = keys.map(readKey);
  for (const line of proof.slice(proof.lastIndexOf('\n\n') + 2, -1).split('\n')) {
    const [, name, encoded = ''] = line.split(' ');
    const id = Buffer.from(encoded, 'base64').subarray(0, 4).toString('hex');
    demand(
      known.some((key) => key.name === name && (key.id === id || key.retirementsId === id)),
      `the signature of ${name} cannot be verified without its --key`,
    );
  }
  const { row } = entry;
  demand(
    row.details?.receipt_sha256 === sha256(JSON.stringify(receipt)).toString('hex'),
    'the receipt is not the one that the ledger has',
  );
  // rows of other events, and of other ledgers, may have any details
  demand(
    /(^|\/)audit_logs$/.test(entry.origin),
    `the proof is of the log ${entry.origin}, not of audit_logs`,
  );
  const { receipt_id, issued_at } = receipt?.receipt_metadata ?? {};
  const isEvent =
    row.event_type === 'consent.receipt' &&
    row.resource_type === 'consent_record' &&
    row.details.receipt_id === receipt_id &&
    row.resource_id === receipt?.header?.record_id;
  demand(isEvent, 'the entry is not the event of this receipt');
  const [issued, recorded] = [Date.parse(issued_at), Date.parse(row.created_at)];
  demand(issued <= recorded + clockSkew, 'the receipt states a time after the entry was written');
  return { ...entry, receipt };
}

/**
 * Verifies that the log of the checkpoint in a consistency file begins with the log of the earlier checkpoint, and returns
 * both sizes. The files are given by their content, `keys` are verifier keys as text.
 *
 * @throws NotValid, WrongUse
 */
export function verifyConsistencyFile(earlierBytes, bytes, keys) {
  const known = keys.map(readKey);
  const earlier = openCheckpoint(utf8(earlierBytes, 'the earlier checkpoint'), known);
  const { lines, checkpoint: later } = splitFile(bytes, known);
  demand(
    earlier.origin === later.origin,
    `the checkpoints belong to different logs: ${earlier.origin} and ${later.origin}`,
  );
  const [old, ...path] = lines;
  demand(
    numberIn(fieldOf('old', old), 'the old size') === earlier.size,
    'the proof starts at another size than the earlier checkpoint',
  );
  const holds = verifyConsistency(earlier.size, later.size, earlier.root, later.root, readPath(path));
  demand(holds, `the log of ${later.size} entries does not begin with the log of ${earlier.size} entries`);
  return { origin: later.origin, from: earlier.size, to: later.size };
}

/** Reads the leaf hashes of a file, 32 bytes each. */
const leavesIn = (file) => {
  const descriptor = openSync(file, 'r');
  const hash = Buffer.alloc(32);
  return {
    next: () => {
      const count = readSync(descriptor, hash);
      demand(count === 0 || count === 32, `${file} does not end with a whole leaf`);
      return count === 0 ? undefined : hash;
    },
    close: () => closeSync(descriptor),
  };
};

/** Parses a JSON list; empty for any other text. */
const listIn = (text) => {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
};

/** Numbers that grow, eight bytes each. */
class Numbers {
  #values = new Float64Array(1024);
  length = 0;

  push(value) {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index) {
    return this.#values[index];
  }
}

/**
 * Reads the retirements of an exported ledger, line by line: runs of positions whose entries were purged. A scattered purge has a
 * line for each row, so that four numbers of each are kept, and the digests only after as many lines as `counts` has.
 */
const retirementsOf = async (folder, counts) => {
  const file = join(folder, 'retirements.jsonl');
  const [firsts, lasts, cutoffs, times] = [new Numbers(), new Numbers(), new Numbers(), new Numbers()];
  const digests = new Map();
  let digest = sha256(retirementsForm);
  if (counts.has(0)) digests.set(0, digest);
  if (existsSync(file)) {
    const lines = await open(file);
    try {
      for await (const line of lines.readLines()) {
        const count = firsts.length + 1;
        const [number, first, last, cutoff, retiredAt] = listIn(line);
        const fits = number === count && areSizes([first, last]) && first <= last;
        demand(fits, `line ${count} of retirements.jsonl is malformed`);
        digest = sha256(digest, line);
        if (counts.has(count)) digests.set(count, digest);
        for (const [to, value] of [
          [firsts, first],
          [lasts, last],
          [cutoffs, Date.parse(cutoff)],
          [times, Date.parse(retiredAt)],
        ])
          to.push(value);
      }
    } finally {
      await lines.close();
    }
  }
  const order = Uint32Array.from({ length: firsts.length }, (_, at) => at);
  order.sort((a, b) => firsts.at(a) - firsts.at(b));
  let next = 0;
  const here = () => order[next];
  return {
    digests,
    count: firsts.length,
    /** The retirement of a position; undefined where none has it. The positions are asked for in order. */
    of: (position) => {
      while (next < order.length && lasts.at(here()) < position) next += 1;
      if (next === order.length || firsts.at(here()) > position) return undefined;
      const at = here();
      return { number: at + 1, cutoff: cutoffs.at(at), retiredAt: times.at(at) };
    },
  };
};

/**
 * Says of which positions an entry may lack a time. Only rows that are older than the ledger have none: they come first, and
 * were there when the first checkpoint was signed.
 */
const olderRows = (checkpoints) => {
  const signed = checkpoints.reduce(
    (least, { size }) => (size > 0 ? Math.min(least, size) : least),
    Infinity,
  );
  let [hasTime, isServers] = [false, false];
  return ({ at, salt }, position) => {
    hasTime ||= at !== '';
    // on SQLite, whose salts are plain hex, the step that makes a ledger may insert rows before it seals older ones
    isServers ||= String(salt).includes('-');
    return at !== '' || (position < signed && !(hasTime && isServers));
  };
};

/** Returns a function that gives the size of the largest checkpoint that was signed by a time, in logarithmic time. */
const sizeByTime = (checkpoints) => {
  const dated = checkpoints.filter(({ time }) => time !== undefined).sort((a, b) => a.time - b.time);
  let most = 0;
  const sizes = dated.map(({ size }) => {
    most = Math.max(most, size);
    return most;
  });
  return (time) => {
    let [low, high] = [0, dated.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (dated[middle].time <= time) low = middle + 1;
      else high = middle;
    }
    return sizes[low - 1] ?? 0;
  };
};

/**
 * Verifies an exported ledger in constant memory. Its folder contains `entries.jsonl`, one entry per line in base64, in
 * order, and `checkpoint`. Of an entry that was purged there is `{"retired":HASH}`, and `retirements.jsonl` has its position.
 * The checkpoint must sign all lines of `retirements.jsonl`, because nothing else tells a purged entry from a hidden one.
 * Optional: `leaves.bin`, which identifies a changed line, and further `*.checkpoint` files, all of which must agree.
 *
 * @param keys - verifier keys as text
 * @param checkpointFiles - paths of further checkpoints
 * @param options - `unsignedRetirements`: also believe retirements that the checkpoint does not sign
 * @returns the signed head; `retired`: how many entries were purged, `unsigned`: how many of these no checkpoint signs, `older`: how
 *   many of these were in a checkpoint that was signed before the time by which they had to be written
 * @throws NotValid, WrongUse
 */
export async function verifyExport(folder, keys, checkpointFiles = [], { unsignedRetirements = false } = {}) {
  const known = keys.map(readKey);
  const read = (file) => ({ file, ...openCheckpoint(utf8(readFileSync(file), file), known) });
  const head = read(join(folder, 'checkpoint'));
  const inFolder = readdirSync(folder).filter((name) => name.endsWith('.checkpoint'));
  const others = [...inFolder.map((name) => join(folder, name)), ...checkpointFiles].map(read);
  others.sort((a, b) => a.size - b.size);
  for (const { file, origin, size } of others) {
    demand(origin === head.origin, `${file} belongs to log ${origin}, the export to log ${head.origin}`);
    demand(size <= head.size, `${file} signs ${size} entries, the export has only ${head.size}`);
  }
  const signedCounts = [head, ...others].flatMap(({ retirements }) => retirements?.count ?? []);
  const purges = await retirementsOf(folder, new Set(signedCounts));
  const signed = head.retirements?.count ?? 0;
  for (const { file, retirements } of [head, ...others]) {
    const same =
      retirements === undefined || purges.digests.get(retirements.count)?.equals(retirements.digest);
    demand(same, `retirements.jsonl differs from the retirements that ${file} signs`);
  }
  demand(
    purges.count === signed || unsignedRetirements,
    `the checkpoint signs ${signed} of the ${purges.count} lines of retirements.jsonl: the entries of the others may be hidden`,
  );
  const sizeBy = sizeByTime(others);
  const hour = 3_600_000;
  // a cutoff after the purge itself, or after the signature, would make every entry old enough
  const isOlder = ({ cutoff, retiredAt }, position) =>
    cutoff <= retiredAt && retiredAt <= head.time + hour && position < sizeBy(cutoff);
  const mayLackTime = olderRows([head, ...others]);
  const tree = new GrowingTree();
  const counts = { retired: 0, unsigned: 0, older: 0 };
  let compared = 0;
  const compare = () => {
    for (; others[compared]?.size === tree.size; compared += 1) {
      const { file, size, root } = others[compared];
      demand(tree.root().equals(root), `the first ${size} lines differ from the entries that ${file} signs`);
    }
  };
  const entries = await open(join(folder, 'entries.jsonl'));
  const leavesFile = join(folder, 'leaves.bin');
  const leaves = existsSync(leavesFile) ? leavesIn(leavesFile) : undefined;
  try {
    compare();
    for await (const line of entries.readLines()) {
      const where = `line ${tree.size + 1} of entries.jsonl`;
      demand(tree.size < head.size, `${where} exceeds the ${head.size} signed entries`);
      const purge = purges.of(tree.size);
      const [, hash] = /^\{"retired":"(.*)"\}$/.exec(line) ?? [];
      demand(
        hash === undefined || purge !== undefined,
        `${where} has no entry, and retirements.jsonl no line for it`,
      );
      demand(
        hash !== undefined || purge === undefined,
        `${where} has an entry that retirements.jsonl records as purged`,
      );
      const bytes = purge === undefined ? base64(line.replace(/^"(.*)"$/, '$1'), where) : undefined;
      const leaf = bytes === undefined ? hashIn(hash, where) : leafHash(bytes);
      const same = leaves === undefined || leaves.next()?.equals(leaf);
      demand(same, `${where} differs from leaves.bin`);
      if (bytes === undefined) {
        counts.retired += 1;
        if (purge.number > signed) counts.unsigned += 1;
        else if (isOlder(purge, tree.size)) counts.older += 1;
      } else {
        const entry = readEntry(bytes, head.origin, where);
        demand(
          mayLackTime(entry, tree.size),
          `${where} has no time, but its row is not older than the ledger`,
        );
      }
      tree.append(leaf);
      compare();
    }
    demand(
      leaves?.next() === undefined,
      `leaves.bin has more leaves than the ${tree.size} lines of entries.jsonl`,
    );
  } finally {
    leaves?.close();
    await entries.close();
  }
  demand(
    tree.size === head.size,
    `entries.jsonl has ${tree.size} lines, but ${head.size} entries are signed`,
  );
  demand(
    tree.root().equals(head.root),
    'the entries differ from the signed entries: the root does not match',
  );
  const { retirements: _retirements, time: _time, ...signedHead } = head;
  return { ...signedHead, ...counts, checkpoints: others.length + 1 };
}

/**
 * Checks this program against published test vectors and files of a ledger.
 *
 * @returns the number of vectors
 * @throws NotValid
 */
export function selfTest() {
  const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8'));
  const hex = (text) => Buffer.from(text, 'hex');
  const roots = vectors.roots.map(hex);
  const leaves = vectors.leaves.map((leaf) => leafHash(hex(leaf)));
  const tree = new GrowingTree();
  for (const [size, root] of roots.entries()) {
    demand(tree.root().equals(root), `self-test: the root of ${size} leaves`);
    if (size < leaves.length) tree.append(leaves[size]);
  }
  const both = (right, wrong, name) => demand(right && !wrong, `self-test: ${name}`);
  for (const { position, size, path } of vectors.inclusion) {
    const check = (leaf) => verifyInclusion(leaf, position, size, path.map(hex), roots[size]);
    both(check(leaves[position]), check(leaves[position + 1]), `inclusion of ${position} in ${size}`);
  }
  for (const { from, to, path } of vectors.consistency) {
    const check = (root) => verifyConsistency(from, to, roots[from], root, path.map(hex));
    both(check(roots[to]), check(roots[to - 1]), `consistency of ${from} and ${to}`);
  }
  for (const { key, note, text } of vectors.notes)
    demand(openNote(note, [readKey(key)]) === text, 'self-test: a note');
  const { key, proof, position, earlier, consistency } = vectors.ledger;
  demand(verifyProofFile(Buffer.from(proof), [key]).position === position, 'self-test: a proof');
  verifyConsistencyFile(Buffer.from(earlier), Buffer.from(consistency), [key]);
  return (
    vectors.roots.length + vectors.inclusion.length + vectors.consistency.length + vectors.notes.length + 2
  );
}

// ---- The command ----

const usage = `usage: ashlar-verify proof FILE --key VKEY
       ashlar-verify receipt FILE --key VKEY
       ashlar-verify consistency EARLIER-CHECKPOINT FILE --key VKEY
       ashlar-verify export FOLDER --key VKEY [--checkpoint FILE]... [--unsigned-retirements]
       ashlar-verify self-test
`;

/** Replaces control characters and those that change the direction of text: they could hide what is printed around them. */
const visible = (text) =>
  text.replaceAll(
    /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, '0')}`,
  );

const commands = {
  proof: async ([file], { key }) => {
    const { origin, size, position, at, row } = verifyProofFile(readFileSync(file), key);
    return `entry ${position} of ${origin} (${size} entries), written ${JSON.stringify(at)}:\n${JSON.stringify(row)}`;
  },
  receipt: async ([file], { key }) => {
    const { origin, position, at, receipt } = verifyReceiptFile(readFileSync(file), key);
    const written = `the receipt is entry ${position} of ${origin}, written ${JSON.stringify(at)}`;
    const asOf = `It states the consent as of ${receipt.receipt_metadata.issued_at}; a later withdrawal is not in it.`;
    return `${written}:\n${JSON.stringify(receipt, null, 2)}\n${asOf}`;
  },
  consistency: async ([earlier, file], { key }) => {
    const { origin, from, to } = verifyConsistencyFile(readFileSync(earlier), readFileSync(file), key);
    return `${origin} with ${to} entries begins with its first ${from}`;
  },
  export: async ([folder], { key, checkpoint, 'unsigned-retirements': unsignedRetirements }) => {
    const found = await verifyExport(folder, key, checkpoint, { unsignedRetirements });
    const { origin, size, retired, unsigned, older, checkpoints } = found;
    const signed = `${retired - unsigned} by signed retirements, ${older} of these in a checkpoint from before the cutoff (\`ashlar ledger verify\` allows for the time between two checkpoints)`;
    const without =
      retired === 0
        ? ''
        : `, ${retired} of them purged and known by their hashes only: ${signed}; ${unsigned} by retirements that nothing signs`;
    return `all ${size} entries of ${origin} match${without} (checkpoints: ${checkpoints})`;
  },
  'self-test': async () => `${selfTest()} vectors`,
};
const fileCounts = { proof: 1, receipt: 1, consistency: 2, export: 1, 'self-test': 0 };

const main = async () => {
  const text = { type: 'string', multiple: true, default: [] };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: text, checkpoint: text, 'unsigned-retirements': { type: 'boolean', default: false } },
  });
  const [name, ...files] = positionals;
  if (!Object.hasOwn(commands, name ?? '') || files.length !== fileCounts[name])
    throw new WrongUse('unknown command or wrong number of files');
  if (fileCounts[name] > 0 && values.key.length === 0) throw new WrongUse('at least one --key is required');
  process.stdout.write(`valid: ${visible(await commands[name](files, values))}\n`);
};

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  main().catch((error) => {
    // a path that cannot be read, or an option that does not exist; every other error comes from the content of the files
    const wrongUse =
      error instanceof WrongUse || error.syscall !== undefined || /^ERR_PARSE/.test(error.code);
    const message = visible(error.message);
    process.stderr.write(wrongUse ? `${message}\n${usage}` : `not valid: ${message}\n`);
    process.exitCode = wrongUse ? 2 : 1;
  });
