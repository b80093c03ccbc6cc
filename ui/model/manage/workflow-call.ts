/** A form for the parameters of a workflow, and from what is written into it to the arguments of a call. */
import type { WorkflowParam } from '../../../core/api/operations.ts';
import type { Given } from './fields.ts';

export type ParamInput =
  | { readonly kind: 'text' | 'number' | 'node'; readonly text: string }
  | { readonly kind: 'switch'; readonly isOn: boolean }
  /** `at`: the choice that is the default; -1 for none. */
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly at: number };

/** Names are the workflow's own and may be anything; inputs go by their place. */
export const paramName = (index: number): string => `param${index}`;

/** The input for a parameter, with its default in it. */
export function inputOf({ Type, Default, Values }: WorkflowParam): ParamInput {
  const text = Default === undefined || Default === null ? '' : plain(Default);
  if (Values !== null && Values.length > 0)
    return {
      kind: 'choice',
      choices: Values.map(({ Value, Description }) =>
        Description === '' ? plain(Value) : `${Description} (${plain(Value)})`,
      ),
      at: Values.findIndex(({ Value }) => plain(Value) === text),
    };
  if (Type === 'boolean') return { kind: 'switch', isOn: Default === true };
  if (Type === 'integer') return { kind: 'number', text };
  return { kind: Type === 'node' ? 'node' : 'text', text };
}

/** Texts as they are, everything else as JSON. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** In the order of the parameters. Throws an Error for people, a line for each that cannot be read. */
export function argumentsOf(params: readonly WorkflowParam[], given: Given): readonly unknown[] {
  const problems: string[] = [];
  const values = params.map((param, index) => {
    const text = given[paramName(index)];
    const { kind } = inputOf(param);
    if (kind === 'switch') return text !== undefined;
    if (kind === 'choice') return param.Values?.[Number(text)]?.Value ?? null;
    if (kind !== 'number') return text ?? '';
    if (text === undefined || text === '') return null;
    const value = Number(text);
    if (!Number.isInteger(value)) problems.push(`${param.Name}: “${text}” is no whole number`);
    return value;
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return values;
}
