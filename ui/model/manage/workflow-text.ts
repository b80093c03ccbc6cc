/** A workflow as somebody writes it: YAML or JSON with all of it, or only its function in JavaScript. */
import { parse, stringify } from 'yaml';
import type { Workflow, WorkflowParam } from '../../../core/api/operations.ts';
import { messageOf } from '../../../core/errors.ts';
import { readWorkflow } from '../../../core/workflow/validate.ts';
import { shownWorkflow, type Workflow as Kept } from '../../../core/workflow/workflow.ts';

/** How a function in JavaScript begins; no description of a workflow does. */
const SCRIPT = /^\s*(?:\/\/|\/\*|\(|async\b|function\b|[\w$]+\s*=>|["']use strict["'])/;
const PARAMETERS = /^[^(]*\(([^)]*)\)/;

export type WorkflowMembers = Omit<Workflow, 'UUID'>;

/** `name` is for a text that has none. Throws an Error for people, a line for each broken rule. */
export function readWorkflowText(text: string, name: string): WorkflowMembers {
  const read = readWorkflow(SCRIPT.test(text) ? ofScript(text, name) : ofDescription(text, name));
  if ('errors' in read) throw new Error(read.errors.join('\n'));
  return read.workflow;
}

function ofDescription(text: string, name: string): object {
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error' });
  } catch (error) {
    throw new Error(`Neither YAML nor JavaScript: ${messageOf(error)}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('Neither a description with Name and Source nor a function in JavaScript');
  return { ...(name !== '' && { Name: name }), ...value };
}

/** What the function is called with are texts, as far as anybody knows. */
function ofScript(text: string, name: string): object {
  const [, names = ''] = PARAMETERS.exec(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')) ?? [];
  const Parameters = names.split(',').flatMap((word): WorkflowParam[] => {
    const [Name = ''] = /[\w$]+/.exec(word) ?? [];
    return Name === '' ? [] : [{ Name, Description: '', Type: 'string', Default: null, Values: null }];
  });
  return { Name: name, Parameters, Source: text };
}

/** As YAML, for an editor. */
export function workflowText(workflow: Workflow): string {
  const { UUID: _id, ...members } = shownWorkflow(workflow as Kept);
  return stringify(members, { lineWidth: 0 });
}
