import { system } from 'ashlar';
import { tables } from './tables.js';

export const docuvault = system('docuvault', {
  tables,
  migrations: new URL('./migrations/', import.meta.url),
  probes: { users: [{ password_hash: '$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo' }] },
});
