/**
 * The tests that begin with a reserved word: qualifiers (`src or dst port`), `vlan 5`, `less 64`, `llc ui` …
 * Tests that only link layers outside Edgedive know (802.11, ATM, SS7, pf logs) are parsed and kept as `foreign`,
 * with the text libpcap refuses them with on every other link layer.
 */
import type { AddressType, BpfExpression, Direction, EncapsulationName } from './ast.ts';
import type { ProtocolName, Qualifiers } from './ast.ts';
import type { TokenStream } from './token-stream.ts';

const directions = new Set(['src', 'dst', 'addr1', 'addr2', 'addr3', 'addr4', 'ra', 'ta']);
const types = new Set(['host', 'net', 'port', 'portrange']);
const typesWithoutDirection = new Set(['proto', 'protochain', 'gateway']);
const atmTypes = new Set(['lane', 'metac', 'bcc', 'oamf4ec', 'oamf4sc', 'sc', 'ilmic']);
const atmFields = new Set(['vpi', 'vci']);
const atmMessages = new Set(['oam', 'oamf4', 'connectmsg', 'metaconnect']);
const mtp2Types = new Set(['fisu', 'lssu', 'msu', 'hfisu', 'hlssu', 'hmsu']);
const mtp3Fields = new Set(['sio', 'opc', 'dpc', 'sls', 'hsio', 'hopc', 'hdpc', 'hsls']);
const pfFields = new Set(['ifname', 'rset', 'rnr', 'srnr', 'reason', 'action']);
const wlanFields = new Set(['type', 'subtype', 'dir']);
const encapsulations = new Set(['vlan', 'mpls', 'pppoes', 'geneve']);
const others = new Set(
  'broadcast multicast less greater byte inbound outbound ifindex pppoed llc'.split(' '),
);

const termWordSets: readonly ReadonlySet<string>[] = [
  others,
  encapsulations,
  pfFields,
  wlanFields,
  atmTypes,
  atmFields,
  atmMessages,
  mtp2Types,
  mtp3Fields,
];

/** Whether a reserved word begins a complete test (and not a qualifier). */
export function isTermWord(word: string): boolean {
  return termWordSets.some((set) => set.has(word));
}

/** After a protocol keyword: a qualifier list, a test that takes a protocol, or the keyword was the whole test. */
export function parseAfterProtocol(
  tokens: TokenStream,
  protocol: ProtocolName,
  offset: number,
): BpfExpression | Qualifiers {
  const token = tokens.peek();
  if (token.kind === 'word') {
    if (token.text === 'broadcast' || token.text === 'multicast' || wlanFields.has(token.text)) {
      return parseTermWord(tokens, protocol);
    }
    if (directions.has(token.text) || types.has(token.text) || typesWithoutDirection.has(token.text)) {
      return parseHead(tokens, protocol);
    }
  }
  return Object.freeze({ kind: 'protocol', protocol, offset });
}

/** Direction and type qualifiers after an optional protocol. Throws the syntax error when there are none. */
export function parseHead(tokens: TokenStream, protocol: ProtocolName | undefined): Qualifiers {
  const first = tokens.peek();
  if (first.kind === 'word' && typesWithoutDirection.has(first.text)) {
    tokens.take();
    return Object.freeze({ protocol, direction: undefined, type: first.text as AddressType });
  }
  const direction = parseDirection(tokens);
  const token = tokens.peek();
  let type: AddressType | undefined;
  if (token.kind === 'word' && types.has(token.text)) {
    tokens.take();
    type = token.text as AddressType;
  } else if (direction === undefined) {
    throw tokens.error('a test such as tcp port 80');
  }
  return Object.freeze({ protocol, direction, type });
}

function parseDirection(tokens: TokenStream): Direction | undefined {
  const token = tokens.peek();
  if (token.kind !== 'word' || !directions.has(token.text)) return undefined;
  tokens.take();
  if (token.text !== 'src' && token.text !== 'dst') return token.text as Direction;
  const either = tokens.isWord('or');
  if (!either && !tokens.isWord('and')) return token.text;
  tokens.take();
  const other = token.text === 'src' ? 'dst' : 'src';
  if (!tokens.isWord(other)) throw tokens.error(`'${other}'`);
  tokens.take();
  return either ? 'src or dst' : 'src and dst';
}

/** A number, perhaps in parentheses, when one follows. */
function optionalNumber(tokens: TokenStream): number | undefined {
  if (tokens.peek().kind === 'number') return tokens.expectNumber();
  if (!tokens.isSymbol('(')) return undefined;
  return tokens.nested(() => {
    tokens.take();
    const value = optionalNumber(tokens);
    if (value === undefined) throw tokens.error('a number');
    tokens.expectSymbol(')');
    return value;
  });
}

/** A test that begins with a reserved word, the next token. Throws BpfError. */
export function parseTermWord(tokens: TokenStream, protocol: ProtocolName | undefined): BpfExpression {
  const token = tokens.take();
  const { offset } = token;
  if (token.kind !== 'word') throw tokens.error();
  const word = token.text;
  if (encapsulations.has(word)) {
    const name = word as EncapsulationName;
    return Object.freeze({ kind: 'encapsulation', name, value: optionalNumber(tokens), offset });
  }
  switch (word) {
    case 'broadcast':
    case 'multicast':
      return Object.freeze({ kind: word, protocol, offset });
    case 'less':
    case 'greater':
      return Object.freeze({ kind: word, length: tokens.expectNumber(), offset });
    case 'byte':
      return parseByteTest(tokens, offset);
    case 'inbound':
    case 'outbound':
    case 'pppoed':
      return Object.freeze({ kind: word, offset });
    case 'ifindex':
      return Object.freeze({ kind: 'ifindex', index: tokens.expectNumber(), offset });
    case 'llc':
      return parseLlc(tokens, offset);
    default:
      return parseForeign(tokens, word, offset);
  }
}

function parseByteTest(tokens: TokenStream, offset: number): BpfExpression {
  const index = tokens.expectNumber();
  const token = tokens.peek();
  if (token.kind !== 'symbol' || !/^[&|<>=]$/.test(token.text)) throw tokens.error('one of & | < > =');
  tokens.take();
  const operator = token.text as '&' | '|' | '<' | '>' | '=';
  return Object.freeze({ kind: 'byte', index, operator, value: tokens.expectNumber(), offset });
}

function parseLlc(tokens: TokenStream, offset: number): BpfExpression {
  const token = tokens.peek();
  const named = token.kind === 'name' || (token.kind === 'word' && token.text === 'rnr');
  if (named) tokens.take();
  return Object.freeze({ kind: 'llc', subtype: named ? token.text : undefined, offset });
}

function parseForeign(tokens: TokenStream, word: string, offset: number): BpfExpression {
  const foreign = (reason: string): BpfExpression => Object.freeze({ kind: 'foreign', reason, offset });
  if (pfFields.has(word)) {
    const numbers = word === 'rnr' || word === 'srnr';
    const names = word === 'ifname' || word === 'rset' || word === 'action';
    if (numbers) tokens.expectNumber();
    else expectNameOrNumber(tokens, names);
    return foreign(`${word === 'srnr' || word === 'rnr' ? 'rnr' : word} supported only on PF linktype`);
  }
  if (wlanFields.has(word)) {
    expectNameOrNumber(tokens, word === 'subtype');
    if (word === 'type' && tokens.isWord('subtype')) {
      tokens.take();
      expectNameOrNumber(tokens, false);
    }
    return foreign(
      word === 'dir'
        ? 'frame direction supported only with 802.11 headers'
        : '802.11 link-layer types supported only on 802.11',
    );
  }
  if (atmFields.has(word)) {
    parseFieldValues(tokens);
    return foreign(`'${word}' supported only on raw ATM`);
  }
  if (atmTypes.has(word) || atmMessages.has(word)) return foreign(`'${word}' supported only on raw ATM`);
  if (mtp2Types.has(word)) return foreign(`'${word}' supported only on MTP2`);
  parseFieldValues(tokens);
  return foreign(`'${word}' supported only on SS7`);
}

function expectNameOrNumber(tokens: TokenStream, nameOnly: boolean): void {
  const token = tokens.peek();
  if (token.kind !== 'name' && (nameOnly || token.kind !== 'number')) {
    throw tokens.error(nameOnly ? 'a name' : 'a name or number');
  }
  tokens.take();
}

/** A number, a comparison with one, or a list in parentheses: `vpi 5`, `vci > 3`, `opc (1 or 2)`. */
function parseFieldValues(tokens: TokenStream): void {
  const token = tokens.peek();
  if (token.kind === 'symbol' && token.text === '(') {
    tokens.take();
    tokens.expectNumber();
    while (tokens.isWord('or')) {
      tokens.take();
      tokens.expectNumber();
    }
    tokens.expectSymbol(')');
    return;
  }
  if (token.kind === 'symbol' && /^([<>]=?|=|!=)$/.test(token.text)) tokens.take();
  tokens.expectNumber();
}
