/**
 * Filter text → tokens. The longest match wins, and among equals the rule that stands first here, as in a
 * lex-made scanner: `80-90` is one name, `tcp[5-3]` therefore a syntax error, `1111.2222.3333` a MAC address.
 * Source: pcap-filter(7); the shapes were checked against libpcap 1.10.3 (scripts/bpf-differential.ts).
 */
import { parseIpv6, parseNumber } from './addresses.ts';
import type { ProtocolName } from './ast.ts';
import { keywords, numberWords, protocolWords } from './words.ts';

export type Token = { readonly offset: number } & (
  | { readonly kind: 'end' }
  /** A reserved word or `and`, `or` in either spelling. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'protocol'; readonly protocol: ProtocolName }
  /** One of `+ - * / % : [ ] ! < > ( ) & | ^ = >= <= != << >>`. */
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name' | 'ipv4' | 'ipv6' | 'mac' | 'arcnet'; readonly text: string }
  /** `reason` is undefined when the character simply belongs to no token. */
  | { readonly kind: 'bad'; readonly reason: string | undefined }
);

const word = '[0-9A-Fa-f]{1,4}';
const byte = '[0-9A-Fa-f]{1,2}';
const number = '(?:0[xX][0-9A-Fa-f]+|[0-9]+)';
const quad = `${number}(?:\\.${number}){3}`;

const sticky = (source: string): RegExp => new RegExp(source, 'y');

/** `count` groups joined by colons. */
const groups = (count: number): string => Array.from({ length: count }, () => word).join(':');

/** Every shape of an IPv6 literal: all groups, or `::` with at most seven beside it, or ending in IPv4. */
function ipv6Shapes(): RegExp[] {
  const shapes = [groups(8), `${groups(6)}:${quad}`];
  for (let before = 0; before <= 7; before++) {
    for (let after = 0; before + after <= 7; after++) shapes.push(`${groups(before)}::${groups(after)}`);
    for (let after = 0; before + after <= 5; after++) {
      shapes.push(`${groups(before)}::${after === 0 ? '' : `${groups(after)}:`}${quad}`);
    }
  }
  return shapes.map(sticky);
}

const macShapes = [
  ...[':', '-', '\\.'].map((separator) => Array.from({ length: 6 }, () => byte).join(separator)),
  '[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}',
  '[0-9A-Fa-f]{12}',
].map(sticky);

const space = sticky('[ \\r\\n\\t]+');
const symbol = sticky('&&|\\|\\||>=|<=|!=|==|<<|>>|[-+*/%:\\[\\]!<>()&|^=]');
const arcnet = sticky(`\\$${byte}`);
const ipv4Shape = sticky(`${number}(?:\\.${number}){1,3}`);
const numberShape = sticky(number);
const colonSoon = sticky('[0-9A-Fa-f]{0,4}:');
const ipv6All = ipv6Shapes();
const brokenMac = sticky(`${byte}:+(?:${byte}:+)+`);
const nameShape = sticky('[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?');
const quotedName = sticky('\\\\[^ !()\\n\\t]+');

const lengthOf = (shape: RegExp, text: string, at: number): number => {
  shape.lastIndex = at;
  return shape.exec(text)?.[0].length ?? 0;
};

const longest = (shapes: readonly RegExp[], text: string, at: number): number => {
  let best = 0;
  for (const shape of shapes) best = Math.max(best, lengthOf(shape, text, at));
  return best;
};

const symbolSpelling: Readonly<Record<string, string>> = { '==': '=' };

function wordToken(text: string, offset: number): Token {
  const protocol = protocolWords.get(text);
  if (protocol !== undefined) return { kind: 'protocol', protocol, offset };
  if (text === 'not') return { kind: 'symbol', text: '!', offset };
  const keyword = keywords.get(text);
  if (keyword !== undefined) return { kind: 'word', text: keyword, offset };
  const value = numberWords.get(text);
  if (value !== undefined) return { kind: 'number', value, offset };
  return { kind: 'name', text, offset };
}

function numberToken(text: string, offset: number): Token {
  const value = parseNumber(text);
  return typeof value === 'number'
    ? { kind: 'number', value, offset }
    : { kind: 'bad', reason: value, offset };
}

/** The token at `at`, which is not white space, and its length. */
function tokenAt(text: string, at: number): [Token, number] {
  const symbolLength = lengthOf(symbol, text, at);
  const hasColon = lengthOf(colonSoon, text, at) > 0;
  const ipv6Length = hasColon ? longest(ipv6All, text, at) : 0;
  // `:` begins both a symbol and an IPv6 literal: the longer wins.
  if (symbolLength > 0 && symbolLength >= ipv6Length) {
    const spelled = text.slice(at, at + symbolLength);
    if (spelled === '&&' || spelled === '||') {
      return [{ kind: 'word', text: spelled === '&&' ? 'and' : 'or', offset: at }, 2];
    }
    return [{ kind: 'symbol', text: symbolSpelling[spelled] ?? spelled, offset: at }, symbolLength];
  }
  const lengths = {
    arcnet: lengthOf(arcnet, text, at),
    mac: longest(macShapes, text, at),
    number: lengthOf(numberShape, text, at),
    ipv4: lengthOf(ipv4Shape, text, at),
    ipv6: ipv6Length,
    brokenMac: hasColon ? lengthOf(brokenMac, text, at) : 0,
    name: lengthOf(nameShape, text, at),
    quoted: lengthOf(quotedName, text, at),
  };
  const best = Math.max(...Object.values(lengths));
  if (best === 0) return [{ kind: 'bad', reason: undefined, offset: at }, 1];
  const found = text.slice(at, at + best);
  // Reserved words stand before the literals: of equal length they win (`addr1` never is a number, `ah` no MAC).
  if (lengths.name === best) {
    const reserved = wordToken(found, at);
    if (reserved.kind !== 'name' && reserved.kind !== 'number') return [reserved, best];
  }
  if (lengths.arcnet === best) return [{ kind: 'arcnet', text: found.slice(1), offset: at }, best];
  if (lengths.mac === best) return [{ kind: 'mac', text: found, offset: at }, best];
  if (lengths.number === best) return [numberToken(found, at), best];
  if (lengths.ipv4 === best) return [{ kind: 'ipv4', text: found, offset: at }, best];
  if (lengths.ipv6 === best) {
    const valid = parseIpv6(found) !== undefined;
    if (valid) return [{ kind: 'ipv6', text: found, offset: at }, best];
    return [{ kind: 'bad', reason: `bogus IPv6 address ${found}`, offset: at }, best];
  }
  if (lengths.brokenMac === best) {
    return [{ kind: 'bad', reason: `bogus ethernet address ${found}`, offset: at }, best];
  }
  if (lengths.name === best) return [wordToken(found, at), best];
  return [{ kind: 'name', text: found.slice(1), offset: at }, best];
}

/** All tokens of a filter up to the first `bad` one (what fits no rule); the last one is `end`. Never throws. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += lengthOf(space, text, at);
    if (at >= text.length) break;
    const [token, length] = tokenAt(text, at);
    tokens.push(token);
    // The parser refuses a bad token whatever follows it.
    if (token.kind === 'bad') break;
    at += length;
  }
  tokens.push({ kind: 'end', offset: text.length });
  return tokens;
}
