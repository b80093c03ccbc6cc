/**
 * Tokens → `Query` (Gremlin notes, section 3). Commas are noise, as in the reference. Parameters are checked as
 * soon as a step or predicate is complete, so that of several mistakes the first is reported. Superset of the
 * reference: `G()`, `NOW()`, `FOREVER()`, `Outside(a, b)`, negative numbers, escapes, `Or`, `And` and `Not` with traversals
 * inside (docs/divergences.md). What was expected where is the error's hint (`syntax-hints.ts`).
 */
import { limits } from '../limits.ts';
import { NESTING_STEPS, PREDICATE_NAMES, STEP_NAMES, WORDS } from './ast.ts';
import type { Param, PredicateName, Query, Step, StepName, Word } from './ast.ts';
import { checkPredicate, checkStep } from './check.ts';
import { GremlinError } from './errors.ts';
import type { GremlinErrorCode } from './errors.ts';
import { tokenize } from './lexer.ts';
import type { Token } from './lexer.ts';
import { quoteGo } from './print.ts';
import { hints } from './syntax-hints.ts';

const STEPS = byUpperName<StepName>(STEP_NAMES, { AT: 'Context', NODE: 'CaptureNode' });
const PREDICATES = byUpperName<PredicateName>(PREDICATE_NAMES, {});
const PARAMETER_WORDS = byUpperName<Word>(WORDS, {});
const BOOLEANS: ReadonlySet<string> = new Set(['TRUE', 'FALSE']);
/** Predicates that the reference does not know: in the place of a step they are unknown words, not keywords. */
const NEW_PREDICATES: ReadonlySet<string> = new Set(['OUTSIDE', 'CONTAINS', 'SINCE']);

function byUpperName<Name extends string>(
  names: readonly Name[],
  aliases: Readonly<Record<string, Name>>,
): ReadonlyMap<string, Name> {
  const entries = names.map((name) => [name.toUpperCase(), name] as const);
  return new Map<string, Name>([...entries, ...Object.entries(aliases)]);
}

/**
 * Throws GremlinError of stage `parse`. A text that only the reference's reading of quotes understands
 * (`G.V("id')`) is read that way; the error reported is that of the reading that the text looks like.
 */
export function parseQuery(text: string): Query {
  if (text.length > limits.queryCharsMax)
    throw new GremlinError(
      'parse',
      'limit',
      limits.queryCharsMax,
      `The query has more than ${limits.queryCharsMax} characters (queryCharsMax)`,
    );
  const tokens = tokenize(text, 'modern');
  try {
    return new Parser(text, tokens).query();
  } catch (error) {
    const hasStrings = tokens.some((token) => token.kind === 'string');
    if (!(error instanceof GremlinError) || error.code === 'limit' || !hasStrings) throw error;
    try {
      return new Parser(text, tokenize(text, 'reference')).query();
    } catch (second) {
      throw tokens.some((token) => token.open) ? second : error;
    }
  }
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #stepCount = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  query(): Query {
    const first = this.#next();
    if (first.kind !== 'word' || first.text.toUpperCase() !== 'G')
      throw fail('syntax', first, `found ${quoteGo(first.text)}, expected \`G\``, hints.beginning());
    this.#skipEmptyParentheses();
    const steps: Step[] = [];
    for (let token = this.#next(); token.kind !== 'end'; token = this.#next()) {
      if (token.kind !== '.')
        throw fail('syntax', token, `found ${quoteGo(token.text)}, expected \`.\``, hints.behindStep());
      steps.push(this.#step(this.#next(), 0));
    }
    return Object.freeze({ text: this.#text, steps: Object.freeze(steps) });
  }

  #step(token: Token, depth: number): Step {
    if (this.#stepCount++ === limits.querySteps)
      throw fail('limit', token, `The query has more than ${limits.querySteps} steps (querySteps)`);
    const upper = token.kind === 'word' ? token.text.toUpperCase() : '';
    const name = STEPS.get(upper);
    const isKeyword =
      name !== undefined || PREDICATES.has(upper) || PARAMETER_WORDS.has(upper) || BOOLEANS.has(upper);
    if (token.kind === 'word' && (!isKeyword || NEW_PREDICATES.has(upper))) throw noStep(token);
    if (name === 'G') {
      this.#skipEmptyParentheses();
      return Object.freeze({ name, params: Object.freeze([]), offset: token.offset });
    }
    const params = this.#params(depth, name !== undefined && NESTING_STEPS.has(name), token);
    if (name === undefined) throw noStep(token);
    const step: Step = Object.freeze({
      name,
      params: name === 'Flows' ? withSinceAsPair(params) : params,
      offset: token.offset,
    });
    checkStep(step);
    return step;
  }

  /** `takesTraversals`: parameters are steps, not values. `of` is what they belong to. */
  #params(depth: number, takesTraversals: boolean, of: Token): readonly Param[] {
    const open = this.#next();
    if (open.kind !== '(')
      throw fail(
        'syntax',
        open,
        `Expected left parenthesis, got: ${open.text}`,
        hints.leftParenthesis(of.text),
      );
    if (depth > limits.queryNestingMax)
      throw fail(
        'limit',
        open,
        `Predicates are nested deeper than ${limits.queryNestingMax} (queryNestingMax)`,
      );
    const params: Param[] = [];
    for (let token = this.#next(); token.kind !== ')'; token = this.#next()) {
      if (token.kind === 'end')
        throw fail('syntax', token, 'Expected right parenthesis', hints.rightParenthesis(open.offset));
      if (token.kind === ',') continue;
      params.push(Object.freeze(takesTraversals ? this.#traversal(token, depth) : this.#param(token, depth)));
    }
    return Object.freeze(params);
  }

  /** Steps joined by dots, with or without TinkerPop's `__.` before them. */
  #traversal(token: Token, depth: number): Param {
    let first = token;
    const isUnderscore = (one: Token | undefined): boolean => one?.kind === 'error' && one.text === '_';
    const [second, third] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    if (isUnderscore(first) && isUnderscore(second) && third?.kind === '.') {
      this.#at += 2;
      first = this.#next();
    }
    const upper = first.kind === 'word' ? first.text.toUpperCase() : '';
    if (!STEPS.has(upper) || upper === 'G') throw unexpected(first, hints.traversal(first.text));
    const steps = [this.#step(first, depth + 1)];
    while (this.#tokens[this.#at]?.kind === '.') {
      this.#at++;
      steps.push(this.#step(this.#next(), depth + 1));
    }
    return { kind: 'traversal', steps: Object.freeze(steps), offset: first.offset };
  }

  #param(token: Token, depth: number): Param {
    const { offset } = token;
    if (token.kind === 'string') return { kind: 'text', value: token.text, offset };
    if (token.kind === 'number') return numberParam(token);
    if (token.kind === 'word') {
      const upper = token.text.toUpperCase();
      if (BOOLEANS.has(upper)) return { kind: 'boolean', value: upper === 'TRUE', offset };
      const word = PARAMETER_WORDS.get(upper);
      if (word !== undefined) {
        this.#skipEmptyParentheses();
        return { kind: 'word', word, offset };
      }
      const name = PREDICATES.get(upper);
      if (name !== undefined) {
        const params = this.#params(depth + 1, false, token);
        checkPredicate(name, params, token);
        return { kind: 'predicate', name, params, offset };
      }
    }
    throw unexpected(token, hints.parameter(token));
  }

  #skipEmptyParentheses(): void {
    if (this.#tokens[this.#at]?.kind === '(' && this.#tokens[this.#at + 1]?.kind === ')') this.#at += 2;
  }

  /** Past the end it stays at the end. */
  #next(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!;
    this.#at++;
    return token;
  }
}

/** `Flows(Since(60), …)` is `Flows('Last', Since(60), …)`. */
function withSinceAsPair(params: readonly Param[]): readonly Param[] {
  const paired: Param[] = [];
  for (const param of params) {
    const isSince = param.kind === 'predicate' && param.name === 'Since';
    if (isSince && paired.length % 2 === 0)
      paired.push({ kind: 'text', value: 'Last', offset: param.offset });
    paired.push(param);
  }
  return paired.length === params.length ? params : Object.freeze(paired);
}

const INT64_MAX = 2n ** 63n - 1n;

/** A 64-bit integer when it reads as one, else a double: `1500.` and `9223372036854775808` are doubles. */
function numberParam(token: Token): Param {
  if (token.text.indexOf('.') !== token.text.lastIndexOf('.'))
    throw fail('syntax', token, `Expected number token, got: ${token.text}`, hints.number());
  const exact = token.text.includes('.') ? undefined : BigInt(token.text);
  const integer = exact !== undefined && exact <= INT64_MAX && exact >= -INT64_MAX - 1n;
  // Plus zero, so that -0 is 0.
  return { kind: 'number', value: Number(token.text) + 0, integer, offset: token.offset };
}

function noStep(token: Token): GremlinError {
  return fail('unknown-step', token, `Expected step function, got: ${token.text}`, hints.step(token.text));
}

function unexpected(token: Token, hint: string): GremlinError {
  return fail('syntax', token, `Unexpected token while parsing parameters, got: ${token.text}`, hint);
}

function fail(code: GremlinErrorCode, token: Token, message: string, hint = ''): GremlinError {
  return new GremlinError('parse', code, token.offset, message, hint);
}
