import {
  array,
  assert,
  boolean,
  constantFrom,
  double,
  integer,
  oneof,
  property,
  record,
  string,
} from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PREDICATE_NAMES, STEP_NAMES, WORDS } from '../../../core/gremlin/ast.ts';
import type { Param, Query, Step } from '../../../core/gremlin/ast.ts';
import { GremlinError } from '../../../core/gremlin/errors.ts';
import { parseQuery, printQuery } from '../../../core/gremlin/gremlin.ts';
import { limits } from '../../../core/limits.ts';
import cases from '../../conformance/data/gremlin-cases.json' with { type: 'json' };

function errorOf(text: string): GremlinError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof GremlinError) return error;
    throw error;
  }
  throw new Error(`${text} was parsed`);
}

/** The query without what depends on how it was written. */
function shapeOf(query: Query): unknown {
  return JSON.parse(
    JSON.stringify(query.steps, (key, value: unknown) => (key === 'offset' ? undefined : value)),
  );
}

describe('parseQuery', () => {
  it.each([
    'G.V()',
    'G.Flows().Limit(1)',
    "g.V().Has('TID', 'de0cba34-5d96-5ce6-698a-dffd2e674f95')",
    "G.At('-1m').V().Limit(1)",
    "G.At('-1s').V().Limit(1)",
    "G.Flows().Has('Network.A','10.99.0.1').Dedup().Sort().Limit(1)",
    "G.V().Has('Name', Regex('.*x.*'))",
    "G.V().Dedup().Has('Captures.ID', NEE('c1')).Has(\"@Host\", Ne(\"\"), \"Type\", Within('veth','device'))",
  ])('reads %s, as users and clients write it', (text) => {
    expect(parseQuery(text).steps.length).toBeGreaterThan(0);
  });

  it('reads every recorded query that the reference reads', () => {
    const readable = cases.filter((one) => !('stage' in one) || one.stage !== 'parse');
    for (const { query } of readable) expect(() => parseQuery(query)).not.toThrow();
    expect(readable.length).toBeGreaterThan(400);
  });

  it('keeps names whatever their case, and parameters as written', () => {
    expect(parseQuery("g.v().hAs('name' , 1.5, TRUE, desc)").steps).toMatchObject([
      { name: 'V', params: [], offset: 2 },
      {
        name: 'Has',
        offset: 6,
        params: [
          { kind: 'text', value: 'name', offset: 10 },
          { kind: 'number', value: 1.5, integer: false },
          { kind: 'boolean', value: true },
          { kind: 'word', word: 'DESC' },
        ],
      },
    ]);
  });

  it('takes At for Context and Node for CaptureNode', () => {
    expect(parseQuery('G.At(NOW).Flows().Node()').steps.map((step) => step.name)).toEqual([
      'Context',
      'Flows',
      'CaptureNode',
    ]);
  });

  it('tells integers of 64 bits from doubles', () => {
    const params = parseQuery("G.V().Has('a', 9223372036854775807, 'b', 9223372036854775809, 'c', 7.)")
      .steps[1]!;
    const flags = params.params.flatMap((param) => (param.kind === 'number' ? [param.integer] : []));
    expect(flags).toEqual([true, false, false]);
    expect(parseQuery('G.V().Limit(9007199254740991)').steps[1]!.params[0]).toMatchObject({ integer: true });
  });

  it('freezes what it returns, all the way down', () => {
    const query = parseQuery("G.V().Has('a', Within('b', 'c'))");
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(query)).toBe(true);
  });
});

/** Gremlin notes, section 3: what is refused, where, and with which words. */
const WRONG: readonly (readonly [text: string, offset: number, message: string])[] = [
  ['', 0, 'found "", expected `G`'],
  ['  ', 2, 'found "", expected `G`'],
  ['V()', 0, 'found "V", expected `G`'],
  ['G.V() foo', 6, 'found "foo", expected `.`'],
  ['G.V())', 5, 'found ")", expected `.`'],
  ['G(1)', 1, 'found "(", expected `.`'],
  ['G.V', 3, 'Expected left parenthesis, got: '],
  ['G.', 2, 'Expected left parenthesis, got: '],
  ['G..V()', 3, 'Expected left parenthesis, got: V'],
  ['G.().V()', 3, 'Expected left parenthesis, got: )'],
  ['G.V(', 4, 'Expected right parenthesis'],
  ["G.V('n-bare", 11, 'Expected right parenthesis'],
  ['G.V().Foo()', 6, 'Expected step function, got: Foo'],
  ['G.V().Foo', 6, 'Expected step function, got: Foo'],
  ['G.V().ASC()', 6, 'Expected step function, got: ASC'],
  ["G.V().Within('a')", 6, 'Expected step function, got: Within'],
  ['G.V().Outside(1,2)', 6, 'Expected step function, got: Outside'],
  ['G.Flows().$()', 10, 'Expected step function, got: $'],
  ["G.V().Has('MTU', 1a)", 18, 'Unexpected token while parsing parameters, got: a'],
  ["G.V().Has('MTU', 1.2.3)", 17, 'Expected number token, got: 1.2.3'],
  ["G.V().Has('MTU', .5)", 17, 'Unexpected token while parsing parameters, got: .'],
  ["G.V().Has('MTU', 10_0)", 19, 'Unexpected token while parsing parameters, got: _'],
  ["G.V().Has('MTU', - 1)", 17, 'Unexpected token while parsing parameters, got: -'],
  ["G.V().Has(Name, 'x')", 10, 'Unexpected token while parsing parameters, got: Name'],
  ["G.V().Has('a', V())", 15, 'Unexpected token while parsing parameters, got: V'],
  ["G.V().Has('é', é)", 15, 'Unexpected token while parsing parameters, got: é'],
  ["G.At('-1m').Flows(Sinze(60))", 18, 'Unexpected token while parsing parameters, got: Sinze'],
  ['G.V().Since(60)', 6, 'Expected step function, got: Since'],
  ['\u0001\u00a0', 0, 'found "\\x01", expected `G`'],
  ['G\u00a0', 1, 'found "\\u00a0", expected `.`'],
  ['G.V(1500000.)', 2, 'V parameter must be a string : [1.5e+06]'],
  ['G.V().Sort(NOW)', 6, 'Sort parameter has to be a string key : &{}'],
  ["G.V().Sort(Regex('a'))", 6, 'Sort parameter has to be a string key : &{a}'],
  [
    "G.V().Descendants(1,'b','c')",
    6,
    'Descendants accepts an optional number of key/value tuples and an optional depth: keys should be of string type',
  ],
  ["G.Flows('a', Lt('x'), 1, 2)", 16, 'LT values should be of int64 type'],
  ['G.V().Or()', 6, 'Or requires at least 1 traversal : []'],
  ["G.V().Not(Has('a'), Has('b'))", 6, "Not requires 1 traversal : [Has('a') Has('b')]"],
  ["G.V().Or('a')", 9, 'Unexpected token while parsing parameters, got: a'],
  ["G.V().Or(G.V().Has('a'))", 9, 'Unexpected token while parsing parameters, got: G'],
  ["G.V().Or(Has('a').Foo())", 18, 'Expected step function, got: Foo'],
  ['G.V().Has(1, Contains(1))', 13, 'CONTAINS predicate expects a string as parameter, got: Contains'],
  ['G.Flows().Group().Min()', 18, 'Min requires at least 1 parameter : []'],
  ["G.V('a','b')", 2, 'V accepts at most one parameter : [a b]'],
  ['G.V(1)', 2, 'V parameter must be a string : [1]'],
  ['G.E(true)', 2, 'E parameter must be a string : [true]'],
  ["G.V(Metadata('Name','br1'))", 2, 'V parameter must be a string : [map[Name:br1]]'],
  ['G.V().Dedup(1)', 6, 'Dedup parameters have to be string keys : [1]'],
  ['G.V().HasKey()', 6, 'HasKey accepts only one parameter of type string : []'],
  ["G.V().HasNot('a','b')", 6, 'HasNot accepts only one parameter of type string : [a b]'],
  ['G.V().ShortestPathTo()', 6, 'ShortestPathTo predicate accepts only 1 or 2 parameters : []'],
  ["G.V().ShortestPathTo(Metadata('a'))", 21, 'slice must be defined by pair k,v: [a]'],
  ['G.V().ShortestPathTo(Metadata(1,2))', 21, 'keys should be of string type'],
  ['G.V().Count(1)', 6, 'Count accepts no parameter : [1]'],
  ['G.V().Sort(1)', 6, 'Sort parameter has to be a string key : %!s(int64=1)'],
  ["G.V().Sort('Name', DESC)", 6, 'Use ASC or DESC predicate : Name'],
  ['G.V().Sort(DESC, 1.5)', 6, 'Second sort parameter has to be a string key : %!s(float64=1.5)'],
  ["G.V().Sort(ASC, 'a', 'b')", 6, 'Sort accepts 1 predicate and 1 string parameter : [ASC a b]'],
  ['G.V().Range(1)', 6, 'Range requires 2 parameters : [1]'],
  ['G.V().Limit()', 6, 'Limit requires 1 parameter : []'],
  ['G.V().Values()', 6, 'Values requires 1 parameter : []'],
  ['G.V().Values(1)', 6, 'Values parameter has to be a string key : [1]'],
  ['G.V().ValueMap()', 6, 'ValueMap requires at least on parameter : []'],
  ['G.V().ValueMap(1)', 6, 'ValueMap parameters have to be string keys : [1]'],
  ['G.V().As()', 6, 'As requires 1 parameter : []'],
  ['G.V().As(1)', 6, 'As parameter has to be a string key : [1]'],
  ['G.V().Select()', 6, 'Select requires at least one key : []'],
  ["G.V().Has('a', Regex())", 15, 'One parameter expected with REGEX: []'],
  ["G.V().Has('a', rEgEx(1))", 15, 'REGEX predicate expects a string as parameter, got: rEgEx'],
  ["G.V().Has('a', Gt(1,2))", 15, 'One parameter expected with GT: [1 2]'],
  ["G.V().Has('a', Between(1))", 15, 'Two parameters expected with BETWEEN: [1]'],
  ["G.V().Has('a', Outside(1))", 15, 'Two parameters expected with OUTSIDE: [1]'],
  ["G.Flows('Network')", 2, 'At least two parameters must be provided'],
  ["G.Flows('a','b','c')", 2, 'slice must be defined by pair k,v: [a b c]'],
  ['G.Flows(1,2)', 2, 'keys should be of string type'],
  ["G.Flows('UUID',Regex('('))", 21, 'error parsing regexp: missing closing ): `^($`'],
  ["G.Flows('UUID',Lt('a'))", 18, 'LT values should be of int64 type'],
  ["G.Flows().Metrics('Foo')", 10, 'Metric field unknown : [Foo]'],
  ['G.Flows().Metrics(1)', 10, 'Metrics parameter have to be a string'],
  ["G.Flows().Metrics('Ovs','b')", 10, 'Metrics accepts one parameter : [Ovs b]'],
  [
    "G.V().Descendants('x')",
    6,
    'Descendants last argument must be the maximum depth specified as an integer',
  ],
  ['G.V().Descendants(-1)', 6, 'Descendants last argument must be the maximum depth specified as an integer'],
  [
    'G.V().Ascendants(1,2)',
    6,
    'Ascendants accepts an optional number of key/value tuples and an optional depth: keys should be of string type',
  ],
  [
    "G.V().Neighbors('a',NOW,2)",
    20,
    'Neighbors accepts an optional number of key/value tuples and an optional depth: unable to cast traversal.NowPredicate{} of type traversal.NowPredicate to int64',
  ],
  ['G.V().NextHop()', 6, 'NextHop accepts one parameter : []'],
  ['G.V().NextHop(1)', 6, 'NextHop parameter have to be a string'],
  ["G.V().NextHop('10.0.0.256')", 6, 'NextHop parameter have to be a valid IP address'],
  ['G.Workflow()', 2, 'Workflow requires at least 1 parameter'],
  ['G.Workflow(1)', 2, 'Workflow accepts a workflow id or name as first parameter'],
  // Of several mistakes the first is told.
  ['G.V(1).Foo(', 2, 'V parameter must be a string : [1]'],
];

describe('parseQuery of what is no query', () => {
  it.each(WRONG)('%s is refused at %i: %s', (text, offset, message) => {
    const error = errorOf(text);
    expect([error.message, error.offset, error.stage]).toEqual([message, offset, 'parse']);
  });

  it.each([
    ['V()', 'a query begins with G, for example G.V()'],
    ['G.V() foo', 'expected a dot and the next step, or the end of the query'],
    ['G.V', 'expected ( behind V'],
    ['G.', 'expected the name of a step'],
    ['G.V(', 'expected ) for the parenthesis opened at 3'],
    ["G.V().HasKye('a')", 'expected the name of a step; did you mean HasKey?'],
    ['G.V().Order()', 'expected the name of a step; instead of Order: Sort(key) or Sort(DESC, key)'],
    ["G.V().Has('MTU', Betwen(1, 2))", 'did you mean Between?'],
    ["G.V().Has('MTU', 1.2.3)", 'expected a number with one decimal point at most'],
    ["G.V().Or(Hass('a'))", 'did you mean Has?'],
  ])('tells beside the message what was expected in %s: %s', (text, hint) => {
    expect(errorOf(text).hint).toContain(hint);
  });

  it('says which limit a query breaks', () => {
    const long = `G.V('${'x'.repeat(limits.queryCharsMax)}')`;
    expect(errorOf(long).message).toContain('queryCharsMax');
    expect(errorOf(`G.V()${'.G.V()'.repeat(limits.querySteps)}`).message).toContain('querySteps');
    const deep = `G.V().Has('a', ${'Ne('.repeat(5_000)}`;
    expect([errorOf(deep).code, errorOf(deep).message]).toEqual([
      'limit',
      `Predicates are nested deeper than ${limits.queryNestingMax} (queryNestingMax)`,
    ]);
  });

  it('never throws anything but GremlinError', () => {
    const pieces = constantFrom(...'G|.|V|(|)|,|\'|"|\\|-|1|2.5|Has|Within|NOW|$|é|\r|\0| '.split('|'));
    assert(
      property(
        oneof(
          array(pieces).map((all) => `G${all.join('')}`),
          string(),
        ),
        (text) => {
          try {
            parseQuery(text);
          } catch (error) {
            expect(error).toBeInstanceOf(GremlinError);
          }
        },
      ),
    );
  });
});

describe('parseQuery beyond the reference', () => {
  it.each([
    [`G.V("it's")`, `it's`],
    [String.raw`G.V('it\'s')`, `it's`],
    [String.raw`G.V("a\"b\\c\nd\te\u00e9")`, 'a"b\\c\nd\te\u00e9'],
    [String.raw`G.V('eth\d+\.\w')`, String.raw`eth\d+\.\w`],
    [`G.V("n-bare')`, 'n-bare'],
    [String.raw`G.V('C:\')`, 'C:\\'],
    [`G.V('a"b')`, 'a"b'],
  ])('reads the string in %s', (text, value) => {
    expect(parseQuery(text).steps[0]!.params).toMatchObject([{ kind: 'text', value }]);
  });

  it.each([
    'G()',
    'G().V()',
    'G.V().G().V()',
    'G.At(NOW())',
    'G.At(NOW, FOREVER())',
    "G.V().Has('a', -1)",
    'G.V()\r\n.Count()',
  ])('reads %j', (text) => {
    expect(() => parseQuery(text)).not.toThrow();
  });

  it('reads negative numbers and Outside', () => {
    expect(parseQuery("G.V().Has('a', Outside(-1, -2.5))").steps[1]!.params[1]).toMatchObject({
      name: 'Outside',
      params: [
        { value: -1, integer: true },
        { value: -2.5, integer: false },
      ],
    });
  });
});

/** Any parameters at all, of steps and predicates whose parameters nothing checks while parsing. */
const PLAIN_STEPS: ReadonlySet<string> = new Set([
  'Has',
  'HasEither',
  'Context',
  'Out',
  'SubGraph',
  'Aggregates',
  'Group',
  'BPF',
  'G',
]);

function paramArbitrary(depth: number): Arbitrary<Param> {
  const plain: Arbitrary<Param>[] = [
    string({ unit: 'grapheme' }).map((value): Param => ({ kind: 'text', value, offset: 0 })),
    integer().map((value): Param => ({ kind: 'number', value, integer: true, offset: 0 })),
    double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
      .map((value) => Math.round(value * 1000) / 1000 + 0)
      .map((value): Param => ({ kind: 'number', value, integer: false, offset: 0 })),
    boolean().map((value): Param => ({ kind: 'boolean', value, offset: 0 })),
    constantFrom(...WORDS).map((word): Param => ({ kind: 'word', word, offset: 0 })),
  ];
  if (depth === 0) return oneof(...plain);
  const names = constantFrom(...PREDICATE_NAMES.filter((name) => name === 'Within' || name === 'Without'));
  const nested = record({ name: names, params: array(paramArbitrary(depth - 1), { maxLength: 3 }) });
  return oneof(
    ...plain,
    nested.map(({ name, params }): Param => ({ kind: 'predicate', name, params, offset: 0 })),
  );
}

describe('printQuery', () => {
  it('prints what parses to the same query', () => {
    const stepName = constantFrom(...STEP_NAMES.filter((name) => PLAIN_STEPS.has(name)));
    const step = record({ name: stepName, params: array(paramArbitrary(2), { maxLength: 3 }) }).map(
      ({ name, params }): Step => ({ name, params: name === 'G' ? [] : params, offset: 0 }),
    );
    assert(
      property(array(step, { maxLength: 4 }), (steps) => {
        const query: Query = { text: '', steps };
        expect(shapeOf(parseQuery(printQuery(query)))).toEqual(shapeOf(query));
      }),
    );
  });

  it('prints every recorded query so that it stays the same', () => {
    for (const { query } of cases) {
      let parsed: Query;
      try {
        parsed = parseQuery(query);
      } catch {
        continue;
      }
      expect(shapeOf(parseQuery(printQuery(parsed)))).toEqual(shapeOf(parsed));
    }
  });
});
