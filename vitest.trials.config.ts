import { defineConfig } from 'vitest/config';
import { trials } from './test/support/trials.js';
import base from './vitest.config.js';

export default defineConfig({ ...base, test: { ...base.test, include: [...trials] } });
