// A process that uploads 64 documents concurrently for one user, until it ends or is killed. It imports the built package.

import { diskStore, docuvault, uploadDocument } from '@ashlar/docuvault';
import { connect } from 'ashlar';

const [url, folder, login_token] = process.argv.slice(2);
const db = await connect(docuvault, { url, columnKeys: { current: `1:${'7a'.repeat(32)}` } });
const vault = { db, blobs: diskStore(folder) };

// some documents have equal bytes
const content = async function* (n) {
  for (let part = 0; part < 10; part++) yield Buffer.from(String(n % 50).padStart(100, '.'));
};
await Promise.all(
  Array.from({ length: 64 }, async (_, n) => {
    const filename = `${n}.txt`;
    const code = await uploadDocument(vault, {
      login_token,
      filename,
      content_type: 'text/plain',
      content: content(n),
    }).then(
      () => 'stored',
      (error) => error.code ?? String(error),
    );
    process.stdout.write(`${code}\n`);
  }),
);
await db.close();
