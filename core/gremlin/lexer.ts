/**
 * Query text → tokens (Gremlin notes, section 2). Two readings of strings exist:
 *   modern     a string closes at its own kind of quote; \" \' \\ \n \t \uXXXX are escapes, any other backslash
 *              is an ordinary character (so that `Regex('eth\d+')` means what it says);
 *   reference  either kind of quote closes, and nothing is an escape.
 * The parser tries the modern one first (`parser.ts`). A minus sign before a digit belongs to the number.
 */
export type TokenKind = 'word' | 'number' | 'string' | '(' | ')' | ',' | '.' | 'end' | 'error';

export interface Token {
  readonly kind: TokenKind;
  /** As error messages print it: a string without its quotes, "" at the end. */
  readonly text: string;
  readonly offset: number;
  /** A string that the end of the text closed. */
  readonly open?: boolean;
}

export type Quoting = 'modern' | 'reference';

const DIGIT = /[0-9]/;
const LETTER = /[A-Za-z]/;
const SPACE = /[ \t\n\r]/;

export function tokenize(text: string, quoting: Quoting): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length && text[at] !== '\0') {
    const character = text[at]!;
    if (SPACE.test(character)) {
      at++;
      continue;
    }
    const [token, next] = readToken(text, at, character, quoting);
    tokens.push(token);
    at = next;
  }
  // A string that the end closed reaches one character further.
  tokens.push({ kind: 'end', text: '', offset: Math.min(at, text.length) });
  return tokens;
}

function readToken(text: string, at: number, character: string, quoting: Quoting): [Token, number] {
  if (character === '"' || character === "'")
    return quoting === 'modern' ? readString(text, at, character) : readReferenceString(text, at);
  if (LETTER.test(character)) return take(text, at, 'word', /[A-Za-z0-9_]/);
  if (DIGIT.test(character)) return readNumber(text, at, at);
  if (character === '-' && DIGIT.test(text[at + 1] ?? '')) return readNumber(text, at, at + 1);
  if (character === '(' || character === ')' || character === ',' || character === '.')
    return [{ kind: character, text: character, offset: at }, at + 1];
  const point = String.fromCodePoint(text.codePointAt(at)!);
  return [{ kind: 'error', text: point, offset: at }, at + point.length];
}

function take(text: string, at: number, kind: 'word' | 'number', member: RegExp): [Token, number] {
  let end = at + 1;
  while (end < text.length && member.test(text[end]!)) end++;
  return [{ kind, text: text.slice(at, end), offset: at }, end];
}

/** Digits and dots as long as they come; a letter right behind spoils it and is the token. */
function readNumber(text: string, start: number, digits: number): [Token, number] {
  const [, end] = take(text, digits, 'number', /[0-9.]/);
  const behind = text[end] ?? '';
  if (LETTER.test(behind)) return [{ kind: 'error', text: behind, offset: end }, end + 1];
  return [{ kind: 'number', text: text.slice(start, end), offset: start }, end];
}

function readReferenceString(text: string, at: number): [Token, number] {
  let end = at + 1;
  while (end < text.length && text[end] !== '"' && text[end] !== "'" && text[end] !== '\0') end++;
  return [{ kind: 'string', text: text.slice(at + 1, end), offset: at, open: end >= text.length }, end + 1];
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', n: '\n', t: '\t' };

function readString(text: string, at: number, quote: string): [Token, number] {
  let value = '';
  let end = at + 1;
  while (end < text.length && text[end] !== quote) {
    if (text[end] !== '\\') {
      value += text[end]!;
      end++;
      continue;
    }
    const [character, length] = readEscape(text, end);
    value += character;
    end += length;
  }
  return [{ kind: 'string', text: value, offset: at, open: end >= text.length }, end + 1];
}

/** What a backslash and what follows stand for, and how many characters that was. */
function readEscape(text: string, at: number): [string, number] {
  const next = text[at + 1] ?? '';
  const simple = ESCAPES[next];
  if (simple !== undefined) return [simple, 2];
  const hex = /^u([0-9A-Fa-f]{4})/.exec(text.slice(at + 1, at + 6));
  if (hex) return [String.fromCharCode(parseInt(hex[1]!, 16)), 6];
  return ['\\', 1];
}
