/**
 * Every refusal of the HTTP side, once: its code, its status, when it happens. The texts stand where the refusal is
 * decided; they are the reference's where it has one, because clients print and tests compare them.
 */
import type { ContentfulStatusCode } from 'hono/utils/http-status';

export const API_ERRORS = {
  /** The body is not JSON (or YAML), is no object, or has a member of the wrong kind. */
  malformedBody: 400,
  /** A field rule of a resource is broken; all broken rules are told, one a line. */
  invalidResource: 400,
  /** X-Resource-TTL is no Go duration, or negative. */
  invalidTtl: 400,
  /** A Gremlin query that does not parse or cannot run. */
  invalidQuery: 400,
  /** A patch that is none, or a resource that has no patches. */
  invalidPatch: 400,
  /** The id of a node or an edge is taken. */
  elementConflict: 400,
  /** The name of a workflow is taken; 400 as in the reference. */
  duplicateWorkflow: 400,
  /** A call of a workflow that there is not; 400 as in the reference. */
  unknownWorkflow: 400,
  /** Who wants to change or delete a workflow that every analyzer has. */
  bundledWorkflow: 400,
  /** A script that does not compile, or that threw; the text is its own. */
  scriptFailed: 400,
  /** A script that was ended by a limit on time, memory, requests or its result. */
  scriptLimit: 400,
  /** `limit` or `after` of a list is none. */
  invalidPage: 400,
  /** `/api/{resource}/` where an id is needed. */
  missingId: 400,
  /** Nobody known: no credentials, or such as are wrong, revoked or expired. */
  unauthenticated: 401,
  /** Known, but the roles do not allow it; 405 in the reference. */
  forbidden: 403,
  /** The Host header names none of EDGEDIVE_ALLOWED_HOSTS (DNS rebinding). */
  forbiddenHost: 403,
  /** The Origin is not among EDGEDIVE_ALLOWED_ORIGINS, or a preflight asks for a header nobody needs. */
  forbiddenOrigin: 403,
  unknownRoute: 404,
  unknownResource: 404,
  /** With `Allow`. */
  wrongMethod: 405,
  /** The result cannot be shown in the format that Accept asks for. */
  notAcceptable: 406,
  duplicateResource: 409,
  /** Above `bodyBytesMax`. */
  bodyTooLarge: 413,
  /** More than one may ask, or too many wrong credentials from one address. With Retry-After. */
  rateLimited: 429,
  /** Our own mistake: the text holds an id under which the log has the stack. */
  internal: 500,
  /** The reference has it, and here it makes no sense. */
  notHere: 501,
  /** An object is overloaded or just restarting: asking again helps. */
  unavailable: 503,
  /** `resourcesMax` is reached. */
  registryFull: 507,
  /** `elementsMax`, or `elementsPerHostMax` for one origin, is reached. */
  graphFull: 507,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ApiErrorCode = keyof typeof API_ERRORS;
/** Refusals are counted under their codes; `GET /api/status` shows the sums. */
export const apiErrorCodes = Object.keys(API_ERRORS) as ApiErrorCode[];

/** Which of the rates it was, beside `rateLimited`, which counts them all; and spans of requests that found no place. */
export const rateCounters = [
  'rateLimitedReads',
  'rateLimitedWrites',
  'rateLimitedCredentials',
  'spansDropped',
] as const;
export type RateCounter = (typeof rateCounters)[number];

/** A refusal on its way to the client. An empty text makes an answer without a body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ApiErrorCode, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.code = code;
    this.status = API_ERRORS[code];
    this.headers = headers;
  }
}
