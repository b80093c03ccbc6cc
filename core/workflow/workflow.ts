/** A workflow: a function in JavaScript with a description of its parameters, kept to be called (REST notes, section 12). */
import type { Json } from '../graph/element.ts';

export interface WorkflowChoice {
  readonly Value: Json;
  readonly Description: string;
}

export interface WorkflowParam {
  readonly Name: string;
  readonly Description: string;
  /** For those who ask a person: `string`, `integer`, `boolean`, `node`, `choice`, or what they know besides. */
  readonly Type: string;
  readonly Default: Json;
  readonly Values: readonly WorkflowChoice[] | null;
}

export interface Workflow {
  readonly Name: string;
  readonly Title: string;
  readonly Abstract: string;
  readonly Description: string;
  readonly Parameters: readonly WorkflowParam[] | null;
  readonly Source: string;
  readonly UUID: string;
}

/** The members in the reference's order. */
export function shownWorkflow({
  Name,
  Title,
  Abstract,
  Description,
  Parameters,
  Source,
  UUID,
}: Workflow): Workflow {
  return { Name, Title, Abstract, Description, Parameters, Source, UUID };
}
