/**
 * Requests to the analyzer that served this page, typed by its own routes (core/api/request.ts). The cookie of the sign-in goes along by
 * itself.
 */
import { requestOf, type AnswerTo, type OperationName, type Taken } from '../../core/api/request.ts';

/** A status of 400 and above, or no answer at all (status 0). The message is the analyzer's, for people. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  /** `X-Edgedive-Error`; "" where there is none. */
  readonly code: string;
  /** `X-Edgedive-Hint`; "" where there is none. */
  readonly hint: string;

  constructor(status: number, message: string, code = '', hint = '') {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

export interface Told<Name extends OperationName> {
  readonly answer: AnswerTo<Name>;
  /** `X-Edgedive-Cost`, and what else is worth telling; "" for nothing. */
  readonly cost: string;
  readonly warning: string;
  /** `X-Edgedive-Console`: what a workflow said; "" for nothing. */
  readonly console: string;
}

/** Throws Refused. */
export async function ask<Name extends OperationName>(
  name: Name,
  taken: Taken<Name>,
): Promise<AnswerTo<Name>> {
  return (await askAll(name, taken)).answer;
}

/** The same with what the headers say. Throws Refused. */
export async function askAll<Name extends OperationName>(
  name: Name,
  taken: Taken<Name>,
  signal?: AbortSignal,
): Promise<Told<Name>> {
  const { method, path, body } = requestOf(name, taken);
  const response = await reach(path, {
    method,
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    ...(body !== undefined && { body }),
    ...(signal !== undefined && { signal }),
  });
  const text = await response.text();
  return {
    answer: (text === '' ? undefined : JSON.parse(text)) as AnswerTo<Name>,
    cost: response.headers.get('X-Edgedive-Cost') ?? '',
    warning: readable(response.headers.get('X-Edgedive-Warning') ?? ''),
    console: readable(response.headers.get('X-Edgedive-Console') ?? ''),
  };
}

/** The answer spelt as `type` (a media type that the route has), whole. Throws Refused. */
export async function askFile<Name extends OperationName>(
  name: Name,
  taken: Taken<Name>,
  type: string,
): Promise<Blob> {
  const { method, path, body } = requestOf(name, taken);
  const headers = { Accept: type, 'Content-Type': 'application/json' };
  return (await reach(path, { method, headers, ...(body !== undefined && { body }) })).blob();
}

/** An answer below 400. Throws Refused. */
export async function reach(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Refused(0, 'The analyzer does not answer.');
  }
  if (response.status < 400) return response;
  const text = (await response.text()).trim();
  const said = text === '' ? `${response.status} ${response.statusText}` : text;
  const hint = readable(response.headers.get('X-Edgedive-Hint') ?? '');
  throw new Refused(response.status, said, response.headers.get('X-Edgedive-Error') ?? '', hint);
}

/** Headers for people are percent-encoded where they are not ASCII. */
function readable(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
