// Makes the fixtures of the trials in the folder FAULTS_BASE.
import { makeFixtures, systemsIn } from './project.mjs';

const base = process.env.FAULTS_BASE;
await makeFixtures(base, await systemsIn(base));
