export type { Partition } from '../contract/engine.js';
export { maintain } from '../maintenance/maintain.js';
export { listPartitions, type TablePartitions } from '../maintenance/partitions.js';
export { type Purge, type PurgeOptions, purge } from '../maintenance/purge.js';
export { type RetentionStatus, retentionStatus } from '../maintenance/retention-status.js';
export type { FoundationStatus } from '../status/foundation-status.js';
export type { PartitionsStatus } from '../status/partitions.js';
export {
  type GuaranteeStatus,
  type RolesStatus,
  type StatusOptions,
  type StatusReport,
  status,
  type TableStatus,
} from '../status/status.js';
export type { WeakerGuarantee } from '../status/weaker.js';
export { type AdoptedSteps, type AdoptStepOptions, adoptStep } from './adopt-step.js';
export type { BatchProgress } from './batches/run-batches.js';
export type { Danger } from './danger/find-dangers.js';
export type { Candidate, Decide, Decisions, Missing } from './decisions.js';
export type { StepMode } from './directives.js';
export { type DownOptions, down } from './down.js';
export { type ChangedFacts, drift } from './drift.js';
export { dumpSchema } from './dump-schema.js';
export { type NewExpansion, type NewExpansionOptions, newExpansion } from './expand/new-expansion.js';
export type { AppliedVersion } from './foundation.js';
export { type AppliedStep, history } from './history.js';
export type { LockBudget, LockWait } from './lock-budget.js';
export type { DataLoss } from './losses/measure.js';
export type { StepLosses } from './losses/rehearse.js';
export { check as checkMigrations } from './model-changes.js';
export { type AdoptOptions, type NewStep, type NewStepOptions, newStep } from './new-step.js';
export { addEngine, type OtherEngine } from './other-engine.js';
export type { OwnershipLines } from './ownership/lines.js';
export type { UndeclaredObject } from './ownership/undeclared.js';
export type { DecideObject, ObjectAnswer } from './ownership/unknown.js';
export { type Plan, type PlannedStep, type PlanOptions, plan } from './plan.js';
export type { StepFunction } from './run-step.js';
export { type StepsAsSql, sqlOf } from './sql-of.js';
export { type StampOptions, stamp } from './stamp.js';
export type { CodeBody, SqlBody, Step, StepBody } from './steps.js';
export { type RunOptions, type RunStep, type UpOptions, up } from './up.js';
