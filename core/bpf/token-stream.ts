/**
 * The tokens of one filter with a place in them: what both parsers (expressions, arithmetic) read from.
 */
import { BpfError, syntaxError } from './errors.ts';
import { limits } from '../limits.ts';
import { tokenize } from './lexer.ts';
import type { Token } from './lexer.ts';

export class TokenStream {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  /** Throws BpfError when the text is too long. */
  constructor(text: string) {
    if (text.length > limits.filterCharsMax) {
      throw new BpfError(
        `filter expression longer than ${limits.filterCharsMax} characters`,
        limits.filterCharsMax,
      );
    }
    this.#tokens = tokenize(text);
  }

  /** The next token. Throws BpfError when it is one that the scanner could not read. */
  peek(): Token {
    const token = this.#tokens[this.#next]!;
    if (token.kind !== 'bad') return token;
    throw token.reason === undefined ? syntaxError(token.offset) : new BpfError(token.reason, token.offset);
  }

  /** Takes the next token; `end` stays. */
  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  /** Whether the next token is this symbol. */
  isSymbol(text: string): boolean {
    const token = this.peek();
    return token.kind === 'symbol' && token.text === text;
  }

  /** Whether the next token is this reserved word. */
  isWord(text: string): boolean {
    const token = this.peek();
    return token.kind === 'word' && token.text === text;
  }

  /** Takes this symbol or throws the syntax error. */
  expectSymbol(text: string): void {
    if (!this.isSymbol(text)) throw this.error(`'${text}'`);
    this.take();
  }

  /** Takes a number that stands without parentheses, or throws the syntax error. */
  expectNumber(): number {
    const token = this.peek();
    if (token.kind !== 'number') throw this.error('a number');
    this.take();
    return token.value;
  }

  /** A syntax error at the next token. */
  error(expected?: string): BpfError {
    return syntaxError(this.peek().offset, expected);
  }

  /** Runs one level deeper; too deep is refused, as libpcap's parser refuses it. */
  nested<T>(body: () => T): T {
    if (++this.#depth > limits.filterNestingMax) {
      throw new BpfError("can't parse filter expression: memory exhausted", this.peek().offset);
    }
    const result = body();
    this.#depth--;
    return result;
  }
}
