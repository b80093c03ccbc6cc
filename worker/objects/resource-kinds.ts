/**
 * The kinds of resources that a fabric's Registry keeps, and what one of each kind is. A kind's rules stand in `core/`;
 * the Registry only knows that each has a UUID.
 */
import type { Alert } from '../../core/alert/alert.ts';
import type { Capture } from '../../core/capture/capture.ts';
import type { Injection } from '../../core/injection/injection.ts';
import { limits } from '../../core/limits.ts';
import type { EdgeRule, NodeRule } from '../../core/rules/rule.ts';
import type { Workflow } from '../../core/workflow/workflow.ts';

export interface Resources {
  readonly alert: Alert;
  readonly capture: Capture;
  readonly noderule: NodeRule;
  readonly edgerule: EdgeRule;
  readonly injectpacket: Injection;
  readonly workflow: Workflow;
}
export type ResourceKind = keyof Resources;

/** Kinds that Topology works with: it is told their whole lists after each change. */
export const TOLD_KINDS = [
  'alert',
  'capture',
  'noderule',
  'edgerule',
] as const satisfies readonly ResourceKind[];
export type ToldResources = { readonly [Kind in (typeof TOLD_KINDS)[number]]: readonly Resources[Kind][] };

/** In texts for clients: "there are 10000 captures already". */
export const KIND_PLURALS: Readonly<Record<ResourceKind, string>> = {
  alert: 'alerts',
  capture: 'captures',
  noderule: 'node rules',
  edgerule: 'edge rules',
  injectpacket: 'injections',
  workflow: 'workflows',
};

/** Kinds of which fewer are kept than `resourcesMax`. */
export const KIND_MAX: Readonly<Partial<Record<ResourceKind, number>>> = {
  alert: limits.alertsMax,
  noderule: limits.rulesMax,
  edgerule: limits.rulesMax,
};
