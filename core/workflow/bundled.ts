/**
 * The workflows that every analyzer has: names, ids and parameters as in the reference, which clients know; sources of our
 * own (REST notes, section 12). They cannot be changed or deleted.
 */
import { checkConnectivity } from './bundled/check-connectivity.ts';
import { checkMtu } from './bundled/check-mtu.ts';
import { flowMatrix } from './bundled/flow-matrix.ts';
import { flowValidation } from './bundled/flow-validation.ts';
import type { Workflow } from './workflow.ts';

export const bundledWorkflows: readonly Workflow[] = [
  checkConnectivity,
  checkMtu,
  flowMatrix,
  flowValidation,
];

export const bundledById: ReadonlyMap<string, Workflow> = new Map(
  bundledWorkflows.map((workflow) => [workflow.UUID, workflow]),
);
