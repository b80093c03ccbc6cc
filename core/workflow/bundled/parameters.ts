/** What the bundled workflows' descriptions share. */
import type { WorkflowParam } from '../workflow.ts';

/** A node, named by its TID. */
export const nodeParam = (Name: string, Description: string): WorkflowParam => ({
  Name,
  Description,
  Type: 'node',
  Default: null,
  Values: null,
});
