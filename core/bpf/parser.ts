/**
 * Tokens → BpfExpression. `and` and `or` bind equally and associate left; `not` binds tightest.
 *
 * After `and`, `or` and `not` an address without qualifiers may stand: it inherits those of the address before it
 * (`tcp dst port 80 or 443`). A parenthesis holds either such addresses only or whole terms, never both; numbers
 * in parentheses may turn out to be an address or the beginning of arithmetic. The three flags of `Allowed` say
 * what the place permits. Source: pcap-filter(7) and the behaviour of libpcap 1.10.3.
 */
import type { Address, Arithmetic, BpfExpression, Qualifiers } from './ast.ts';
import { BpfError } from './errors.ts';
import { atArithmeticOperator, continueArithmetic, parseArithmetic } from './parse-arithmetic.ts';
import { parseLoad, parseNegation } from './parse-arithmetic.ts';
import { isTermWord, parseAfterProtocol, parseHead, parseTermWord } from './parse-primitive.ts';
import { TokenStream } from './token-stream.ts';

/** What may stand at a place: whole terms, bare addresses, parentheses around bare addresses. */
interface Allowed {
  readonly term: boolean;
  readonly address: boolean;
  readonly list: boolean;
}
const anything: Allowed = { term: true, address: true, list: true };
const termOnly: Allowed = { term: true, address: false, list: false };
const addressOnly: Allowed = { term: false, address: true, list: true };

/** A part of an expression with the qualifiers that a bare address after it inherits. */
interface Part {
  readonly node: BpfExpression;
  readonly inherited: Qualifiers | undefined;
  /** `list`: a parenthesis around bare addresses, which may not open another such parenthesis. */
  readonly kind: 'term' | 'address' | 'list';
}
/** Numbers and arithmetic whose role only the next token tells. */
interface Undecided {
  readonly kind: 'number' | 'arithmetic';
  readonly value: Arithmetic;
}
const isUndecided = (part: Part | Undecided): part is Undecided =>
  part.kind === 'number' || part.kind === 'arithmetic';

/** Parses a whole filter; blank text gives `all`. Throws BpfError for the first thing that fits no rule. */
export function parse(text: string): BpfExpression {
  const tokens = new TokenStream(text);
  if (tokens.peek().kind === 'end') return Object.freeze({ kind: 'all', offset: 0 });
  const whole = parseChain(tokens, parsePart(tokens, termOnly, undefined), anything);
  if (tokens.peek().kind !== 'end') throw tokens.error("'and', 'or' or the end");
  return whole.node;
}

/** `first (and|or) …` as long as it goes on. */
function parseChain(tokens: TokenStream, first: Part, allowed: Allowed): Part {
  let left = first;
  for (;;) {
    const token = tokens.peek();
    if (token.kind !== 'word' || (token.text !== 'and' && token.text !== 'or')) return left;
    tokens.take();
    const right = parsePart(tokens, allowed, left.inherited);
    const node = Object.freeze({
      kind: token.text,
      left: left.node,
      right: right.node,
      offset: token.offset,
    } as const);
    left = { node, inherited: right.inherited, kind: left.kind };
  }
}

/** One operand of a chain; a lone number is taken as an address. */
function parsePart(tokens: TokenStream, allowed: Allowed, inherited: Qualifiers | undefined): Part {
  const part = parseUnit(tokens, allowed, inherited);
  return isUndecided(part) ? numberAsAddress(tokens, part, allowed, inherited) : part;
}

function numberAsAddress(
  tokens: TokenStream,
  part: Undecided,
  allowed: Allowed,
  inherited: Qualifiers | undefined,
): Part {
  if (!allowed.address || part.kind !== 'number' || part.value.kind !== 'number') {
    throw tokens.error('a comparison');
  }
  const address: Address = { form: 'number', value: part.value.value };
  return addressPart(address, inherited, part.value.offset);
}

function addressPart(address: Address, qualifiers: Qualifiers | undefined, offset: number): Part {
  const node = Object.freeze({
    kind: 'address',
    qualifiers,
    address: Object.freeze(address),
    offset,
  } as const);
  return { node, inherited: qualifiers, kind: 'address' };
}

const termPart = (node: BpfExpression): Part => ({ node, inherited: undefined, kind: 'term' });

/** A unit: negation, parenthesis, arithmetic, term or bare address. */
function parseUnit(
  tokens: TokenStream,
  allowed: Allowed,
  inherited: Qualifiers | undefined,
): Part | Undecided {
  const token = tokens.peek();
  switch (token.kind) {
    case 'symbol':
      if (token.text === '!') return tokens.nested(() => parseNot(tokens, allowed, inherited));
      if (token.text === '(') return tokens.nested(() => parseParenthesis(tokens, allowed, inherited));
      if (token.text === '-' && allowed.term) return parseRelation(tokens, parseNegation(tokens));
      break;
    case 'number':
      tokens.take();
      return parseNumberUnit(tokens, allowed, token.value, token.offset);
    case 'name':
    case 'mac':
    case 'arcnet':
    case 'ipv4':
    case 'ipv6':
      if (!allowed.address) break;
      return addressPart(parseAddress(tokens), inherited, token.offset);
    case 'protocol':
      if (!allowed.term) break;
      tokens.take();
      if (tokens.isSymbol('[')) {
        return parseRelation(tokens, parseLoad(tokens, token.protocol, token.offset));
      }
      return parseQualified(tokens, parseAfterProtocol(tokens, token.protocol, token.offset));
    case 'word':
      if (!allowed.term) break;
      if (token.text === 'len') {
        tokens.take();
        return parseRelation(tokens, Object.freeze({ kind: 'length', offset: token.offset }));
      }
      if (isTermWord(token.text)) return termPart(parseTermWord(tokens, undefined));
      return parseQualified(tokens, parseHead(tokens, undefined));
    case 'end':
    case 'bad':
      break;
  }
  throw tokens.error(allowed.term ? 'a test such as tcp port 80' : 'an address or number');
}

/** After a head (`tcp src port`) comes what it qualifies; a whole test is already complete. */
function parseQualified(tokens: TokenStream, head: BpfExpression | Qualifiers): Part {
  if ('kind' in head) return termPart(head);
  const part = parsePart(tokens, addressOnly, head);
  return { ...part, kind: 'term' };
}

function parseNot(tokens: TokenStream, allowed: Allowed, inherited: Qualifiers | undefined): Part {
  const { offset } = tokens.take();
  const inside: Allowed = { ...allowed, list: allowed.address };
  const part = parsePart(tokens, inside, inherited);
  const node = Object.freeze({ kind: 'not', operand: part.node, offset } as const);
  return { node, inherited: part.inherited, kind: part.kind === 'term' ? 'term' : 'address' };
}

function parseParenthesis(
  tokens: TokenStream,
  allowed: Allowed,
  inherited: Qualifiers | undefined,
): Part | Undecided {
  tokens.take();
  const inside: Allowed = { term: allowed.term, address: allowed.list, list: false };
  const first = parseUnit(tokens, inside, inherited);
  if (isUndecided(first)) {
    if (tokens.isSymbol(')')) {
      tokens.take();
      return afterParenthesizedArithmetic(tokens, first, allowed);
    }
    if (first.kind === 'arithmetic') throw tokens.error("')'");
    // `(80 or 443)`: a list of addresses that begins with a number.
    const part = numberAsAddress(tokens, first, inside, inherited);
    if (!tokens.isWord('and') && !tokens.isWord('or')) throw tokens.error("')'");
    return closeList(tokens, part);
  }
  if (first.kind !== 'term') return closeList(tokens, first);
  const chain = parseChain(tokens, first, anything);
  tokens.expectSymbol(')');
  // Behind the parenthesis the qualifiers from before it hold again.
  return { node: chain.node, inherited, kind: 'term' };
}

function closeList(tokens: TokenStream, first: Part): Part {
  const chain = parseChain(tokens, first, addressOnly);
  tokens.expectSymbol(')');
  return { ...chain, kind: 'list' };
}

function parseNumberUnit(
  tokens: TokenStream,
  allowed: Allowed,
  value: number,
  offset: number,
): Part | Undecided {
  const node: Arithmetic = Object.freeze({ kind: 'number', value, offset });
  if (allowed.term && (atArithmeticOperator(tokens) || atRelation(tokens)))
    return parseRelation(tokens, node);
  return { kind: 'number', value: node };
}

function afterParenthesizedArithmetic(
  tokens: TokenStream,
  inner: Undecided,
  allowed: Allowed,
): Part | Undecided {
  if (allowed.term && (atArithmeticOperator(tokens) || atRelation(tokens))) {
    return parseRelation(tokens, inner.value);
  }
  return inner;
}

function atRelation(tokens: TokenStream): boolean {
  const token = tokens.peek();
  return token.kind === 'symbol' && /^([<>]=?|=|!=)$/.test(token.text);
}

/** `first … relop arithmetic`; without a comparison the arithmetic is handed back for a parenthesis to close. */
function parseRelation(tokens: TokenStream, first: Arithmetic): Part | Undecided {
  const left = continueArithmetic(tokens, first, 0);
  const token = tokens.peek();
  if (token.kind !== 'symbol' || !atRelation(tokens)) return { kind: 'arithmetic', value: left };
  tokens.take();
  const right = parseArithmetic(tokens);
  return termPart(
    Object.freeze({
      kind: 'relation',
      operator: token.text as '>' | '>=' | '=' | '<=' | '<' | '!=',
      left,
      right,
      offset: token.offset,
    } as const),
  );
}

/** A name or literal address with its `/bits` or `mask`. */
function parseAddress(tokens: TokenStream): Address {
  const token = tokens.take();
  switch (token.kind) {
    case 'name':
    case 'mac':
    case 'arcnet':
      return { form: token.kind, text: token.text };
    case 'ipv4':
      if (tokens.isSymbol('/')) {
        tokens.take();
        return { form: 'ipv4-prefix', text: token.text, bits: tokens.expectNumber() };
      }
      if (tokens.isWord('mask')) {
        tokens.take();
        const mask = tokens.peek();
        if (mask.kind !== 'ipv4') throw tokens.error('a mask such as 255.255.0.0');
        tokens.take();
        return { form: 'ipv4-mask', text: token.text, mask: mask.text };
      }
      return { form: 'ipv4', text: token.text };
    case 'ipv6':
      if (!tokens.isSymbol('/')) return { form: 'ipv6', text: token.text };
      tokens.take();
      return { form: 'ipv6-prefix', text: token.text, bits: tokens.expectNumber() };
    case 'end':
    case 'word':
    case 'protocol':
    case 'symbol':
    case 'number':
    case 'bad':
      break;
  }
  throw new BpfError("can't parse filter expression: syntax error", token.offset);
}
