import { docuvault } from '@ashlar/docuvault';
import { experts } from '@ashlar/experts';
import { shipping } from '@ashlar/shipping';
import { sophia } from '@ashlar/sophia';
import { wills } from '@ashlar/wills';
import { defineConfig } from 'ashlar/config';

export default defineConfig({ systems: [docuvault, experts, shipping, sophia, wills] });
