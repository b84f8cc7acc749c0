export { parseSettings } from './parse-settings.js';
export { redactUrl } from './redact.js';
export { reveal, Secret } from './secret.js';
export {
  type ColumnKeys,
  type Environment,
  type LogLevel,
  logLevels,
  readEnvironment,
  readKeyFile,
  type Settings,
  settings,
  settingsIn,
  withSchema,
} from './settings.js';
