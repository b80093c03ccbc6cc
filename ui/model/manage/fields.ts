/** Fields of a form for a request of the API: what is written into them becomes a body, and a body what stands in them. */
import { messageOf } from '../../../core/errors.ts';

export interface Field {
  /** With its unit. */
  readonly label: string;
  readonly example?: string;
  readonly isRequired?: boolean;
  /** Below "More". */
  readonly isMore?: boolean;
  readonly isWide?: boolean;
  /** Of a text; absent for one line. */
  readonly lines?: number;
  /**
   * A text when absent. `list`: words separated by commas; `json`: any value; `switch`: true or false; `bits`: the sum of `bits` that are
   * chosen; `file`: its content in base64.
   */
  readonly as?: 'number' | 'list' | 'json' | 'switch' | 'bits' | 'file';
  readonly choices?: readonly string[];
  /** What stands in an empty form. */
  readonly preset?: string;
  /** Name for people → bit. */
  readonly bits?: Readonly<Record<string, number>>;
}

export type Fields = Readonly<Record<string, Field>>;

/** A field for each member of a request: one that is forgotten, or that the request does not take, does not compile. */
export type FieldsOf<Request, Omitted extends keyof Request = never> = {
  readonly [Name in Exclude<keyof Request, Omitted> & string]-?: Field;
};

/** What stands in a form, by the names of its inputs; a box that is not ticked is absent. */
export type Given = Readonly<Record<string, string>>;

/** The input of one bit. */
export const bitName = (name: string, bit: number): string => `${name}.${bit}`;

const EMPTY = { number: 0, list: [], json: null, file: null } as const;

/**
 * The request's body. What is empty is left out, so that the API's defaults hold; `isWhole`: it is there with nothing in it, as something
 * that exists already is to have it. Throws an Error for people when a field cannot be read.
 */
export function bodyOf(fields: Fields, given: Given, isWhole = false): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = valueOf(name, field, given);
    if (value !== undefined) body[name] = value;
    else if (isWhole) body[name] = emptyOf(field);
  }
  return body;
}

function emptyOf({ as }: Field): unknown {
  if (as === 'switch') return false;
  if (as === 'bits') return 0;
  return as === undefined ? '' : EMPTY[as];
}

/** Undefined for what is empty. */
function valueOf(name: string, { label, as, bits = {} }: Field, given: Given): unknown {
  if (as === 'switch') return given[name] === undefined ? undefined : true;
  if (as === 'bits') {
    const sum = Object.values(bits).reduce((all, bit) => all | (given[bitName(name, bit)] ? bit : 0), 0);
    return sum === 0 ? undefined : sum;
  }
  const text = given[name] ?? '';
  if (text === '') return undefined;
  if (as === 'number') return numberOf(label, text);
  if (as === 'list') return text.split(',').flatMap((word) => word.trim() || []);
  return as === 'json' ? jsonOf(label, text) : text;
}

function numberOf(label: string, text: string): number {
  const value = Number(text);
  if (Number.isNaN(value)) throw new Error(`${label}: “${text}” is no number`);
  return value;
}

function jsonOf(label: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${label}: ${messageOf(error)}`, { cause: error });
  }
}

/** What stands in the form for something that is there; files stay out of it. */
export function givenOf(fields: Fields, value: Readonly<Record<string, unknown>>): Given {
  const given: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) Object.assign(given, textsOf(name, field, value[name]));
  return given;
}

function textsOf(name: string, { as, bits = {} }: Field, value: unknown): Given {
  if (value === undefined || value === null || value === false || as === 'file') return {};
  if (as === 'switch') return { [name]: 'on' };
  if (as === 'bits') {
    const chosen = Object.values(bits).filter((bit) => (Number(value) & bit) !== 0);
    return Object.fromEntries(chosen.map((bit) => [bitName(name, bit), 'on']));
  }
  if (as === 'list') return { [name]: (value as readonly string[]).join(', ') };
  if (as === 'number' && value === 0) return {};
  return { [name]: typeof value === 'string' && as !== 'json' ? value : JSON.stringify(value) };
}
