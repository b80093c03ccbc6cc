/**
 * What a query is refused for. `message` is the text the reference would send; `offset` says where in the query
 * text (characters) and `hint` what was expected there or meant, for whoever shows it: clients match the message, so
 * these never go into it. The HTTP side makes 400 of `parse` and `exec`, 406 of `encode`.
 */
export type GremlinStage = 'parse' | 'exec' | 'encode';

export type GremlinErrorCode =
  /** The text is not a query. */
  | 'syntax'
  /** No step of this name. */
  | 'unknown-step'
  /** Parameters of a step: number, kind or value. */
  | 'bad-parameter'
  /** A predicate that cannot be: number or kind of its parameters, a wrong regular expression or range. */
  | 'bad-predicate'
  /** The step does not apply to what comes before it. */
  | 'wrong-input'
  /** No element, remembered name or workflow of that name. */
  | 'not-found'
  | 'field-not-found'
  /** A value that is no number where one is summed. */
  | 'bad-value'
  | 'bad-time'
  | 'no-history'
  /** One of `core/limits.ts`, named in the message. */
  | 'limit'
  | 'workflow'
  | 'bad-output';

export class GremlinError extends Error {
  readonly stage: GremlinStage;
  readonly code: GremlinErrorCode;
  readonly offset: number;
  /** A sentence without a full stop; "" when there is nothing to add. */
  readonly hint: string;

  constructor(stage: GremlinStage, code: GremlinErrorCode, offset: number, message: string, hint = '') {
    super(message);
    this.name = 'GremlinError';
    this.stage = stage;
    this.code = code;
    this.offset = offset;
    this.hint = hint;
  }
}
