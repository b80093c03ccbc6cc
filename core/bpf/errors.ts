/**
 * The one error of the filter language: what is wrong, in the words libpcap uses, and where.
 * Thrown by the lexer, the parser and the code generators; evaluation never throws.
 */

/** A refused filter expression. `message` = `reason` plus the place, for people. */
export class BpfError extends Error {
  override readonly name = 'BpfError';
  /** Index into the filter text, in UTF-16 units; the length of the text when its end came too early. */
  readonly offset: number;
  /** What libpcap's `pcap_compile` says (or would say) about the same text. */
  readonly reason: string;
  /** What could stand at `offset` instead, when that is a short list. */
  readonly expected?: string;

  constructor(reason: string, offset: number, expected?: string) {
    const wanted = expected === undefined ? '' : `, expected ${expected}`;
    super(`${reason} (at character ${offset + 1}${wanted})`);
    this.reason = reason;
    this.offset = offset;
    if (expected !== undefined) this.expected = expected;
  }
}

/** The text begins as libpcap's `yyerror` begins it: callers and recorded answers rely on that. */
export function syntaxError(offset: number, expected?: string): BpfError {
  return new BpfError("can't parse filter expression: syntax error", offset, expected);
}
