/**
 * Arithmetic of the filter language: `ip[2:2] - ((ip[0] & 0xf) << 2)`.
 * Precedence as in libpcap's grammar, lowest first: `|`, `&`, shifts, `+ -`, `* /`, unary minus; all associate
 * left. `%` and `^` have no precedence there, so they always go on: `8 % 3 + 1` is `8 % (3 + 1)`, `-6 % 4` is `-(6 % 4)`.
 */
import type { Arithmetic, ArithmeticOperator, ProtocolName } from './ast.ts';
import type { TokenStream } from './token-stream.ts';

const precedence: ReadonlyMap<string, number> = new Map([
  ['|', 1],
  ['&', 2],
  ['<<', 3],
  ['>>', 3],
  ['+', 4],
  ['-', 4],
  ['*', 5],
  ['/', 5],
  ['%', 0],
  ['^', 0],
]);
const unaryPrecedence = 6;

/** Whether the next token continues an arithmetic expression. */
export function atArithmeticOperator(tokens: TokenStream): boolean {
  const token = tokens.peek();
  return token.kind === 'symbol' && precedence.has(token.text);
}

/** A whole arithmetic expression. Throws BpfError. */
export function parseArithmetic(tokens: TokenStream): Arithmetic {
  return continueArithmetic(tokens, parseOperand(tokens), 0);
}

/**
 * Reads the operators that bind tighter than `above` (0 = all) after an operand that is already read.
 * `%` and `^` bind whatever stands before them.
 */
export function continueArithmetic(tokens: TokenStream, first: Arithmetic, above: number): Arithmetic {
  let left = first;
  for (;;) {
    const token = tokens.peek();
    if (token.kind !== 'symbol') return left;
    const strength = precedence.get(token.text);
    if (strength === undefined || (strength !== 0 && strength <= above)) return left;
    tokens.take();
    const right = tokens.nested(() => continueArithmetic(tokens, parseOperand(tokens), strength));
    left = Object.freeze({
      kind: 'binary',
      operator: token.text as ArithmeticOperator,
      left,
      right,
      offset: token.offset,
    });
  }
}

/** `- operand`; the minus is the next token. */
export function parseNegation(tokens: TokenStream): Arithmetic {
  const { offset } = tokens.take();
  const operand = tokens.nested(() => continueArithmetic(tokens, parseOperand(tokens), unaryPrecedence));
  return Object.freeze({ kind: 'negate', operand, offset });
}

/** `[index]` or `[index:size]` after a protocol; the bracket is the next token. */
export function parseLoad(tokens: TokenStream, protocol: ProtocolName, offset: number): Arithmetic {
  tokens.expectSymbol('[');
  const index = tokens.nested(() => parseArithmetic(tokens));
  let size = 1;
  if (tokens.isSymbol(':')) {
    tokens.take();
    size = tokens.expectNumber();
  }
  tokens.expectSymbol(']');
  return Object.freeze({ kind: 'load', protocol, index, size, offset });
}

function parseOperand(tokens: TokenStream): Arithmetic {
  const token = tokens.peek();
  switch (token.kind) {
    case 'number':
      tokens.take();
      return Object.freeze({ kind: 'number', value: token.value, offset: token.offset });
    case 'protocol':
      tokens.take();
      return parseLoad(tokens, token.protocol, token.offset);
    case 'word':
      if (token.text !== 'len') break;
      tokens.take();
      return Object.freeze({ kind: 'length', offset: token.offset });
    case 'symbol':
      if (token.text === '-') return parseNegation(tokens);
      if (token.text !== '(') break;
      return tokens.nested(() => {
        tokens.take();
        const inner = parseArithmetic(tokens);
        tokens.expectSymbol(')');
        return inner;
      });
    case 'end':
    case 'name':
    case 'ipv4':
    case 'ipv6':
    case 'mac':
    case 'arcnet':
    case 'bad':
      break;
  }
  throw tokens.error('a number, len or a header such as ip[0]');
}
