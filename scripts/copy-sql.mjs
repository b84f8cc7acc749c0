// What tsc leaves behind: migrations, dumps and sample input of the systems, and the command line's executable bit.
import { chmod, copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const from = join(root, 'systems');
const to = join(root, 'dist', 'systems');

const filesOf = async (folder) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
};

const isWanted = (file) => {
  const [, folder = ''] = file.split(sep);
  if (folder === 'sample') return true;
  // the source of a step in code goes along: its checksum is that of what was reviewed
  if (folder === 'migrations') return /\.(sql|ts)$/.test(file);
  return /^schema\.\w+\.sql$/.test(folder);
};

const wanted = new Set((await filesOf(from)).filter(isWanted));

// a step that was renamed must not live on in an earlier build
for (const file of await filesOf(to)) {
  if (file.endsWith('.sql') && !wanted.has(file)) await rm(join(to, file));
}
for (const file of wanted) {
  await mkdir(dirname(join(to, file)), { recursive: true });
  await copyFile(join(from, file), join(to, file));
}
await chmod(join(root, 'dist', 'src', 'cli', 'main.js'), 0o755);
