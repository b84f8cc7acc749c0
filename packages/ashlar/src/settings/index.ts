export { parseSettings } from './parse-settings.js';
export { redactUrl } from './redact.js';
export { reveal, Secret } from './secret.js';
export {
  type ColumnKeys,
  environmentOf,
  type LogLevel,
  logLevels,
  readKeyFile,
  type Settings,
  settings,
  withSchema,
} from './settings.js';
