import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { cancelCommand, confirmCommand, pauseCommand, resumeCommand } from './jobs/control.js';
import { exportCommand } from './jobs/export.js';
import { importCommand } from './jobs/import.js';
import { listCommand } from './jobs/list.js';
import { retryCommand } from './jobs/retry.js';
import { runCommand } from './jobs/run.js';
import { showCommand } from './jobs/show.js';

/** `ashlar jobs …`: lists, imports, confirms, runs, controls and exports the batch jobs of a system. */
export function jobsCommand(commands: Commands): Command {
  const jobs = new Command('jobs')
    .description(summaries.jobs.description)
    .addCommand(listCommand(commands))
    .addCommand(showCommand(commands))
    .addCommand(importCommand(commands))
    .addCommand(confirmCommand(commands))
    .addCommand(runCommand(commands))
    .addCommand(pauseCommand(commands))
    .addCommand(resumeCommand(commands))
    .addCommand(cancelCommand(commands))
    .addCommand(retryCommand(commands))
    .addCommand(exportCommand(commands));
  for (const command of jobs.commands)
    command.option('--allow-owner', 'connect even if the role can change the schema');
  return jobs;
}
