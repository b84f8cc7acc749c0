import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileError } from './file.js';

/** The endings of the files that SQLite keeps beside a database. */
export const besides = ['-wal', '-shm', '-journal'] as const;

/** Makes a finished file and its name survive a power cut. To be called while this process has it open nowhere. */
export const persist = (path: string): void => {
  sync(path);
  sync(dirname(path));
};

/**
 * Puts a finished file in the place of another, in one step that survives a power cut. The caller has made sure that
 * nobody has either of them open, and that what stands beside the old one is part of it no more.
 */
export const replaceFile = (fresh: string, path: string): void => {
  sync(fresh);
  // what lay beside the old one would be played into the new one
  for (const ending of besides) rmSync(path + ending, { force: true });
  sync(dirname(path));
  try {
    renameSync(fresh, path);
  } catch (error) {
    throw fileError(path, error);
  }
  sync(dirname(path));
};

const sync = (path: string): void => {
  try {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw fileError(path, error);
  }
};
