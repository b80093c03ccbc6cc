/** What a rule may be: texts recorded from release 0.28.0 (REST notes, section 10), and what ours refuses besides. */
import { describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { readEdgeRule, readNodeRule } from '../../../core/rules/validate.ts';

const HEAD =
  'invalid schema: (root): Must validate all the schemas (allOf)\nMetadata: Must validate all the schemas (allOf)\n';

describe('readNodeRule', () => {
  test('reads both actions, with defaults for what is absent', () => {
    expect(
      readNodeRule({ Metadata: { Name: 'a', Type: 'b' }, Action: 'create', UUID: 'x', More: 1 }),
    ).toEqual({
      rule: { Name: '', Description: '', Metadata: { Name: 'a', Type: 'b' }, Action: 'create', Query: '' },
    });
    const update = {
      Name: 'n',
      Description: 'd',
      Metadata: { Color: 'red' },
      Action: 'update',
      Query: 'G.V()',
    };
    expect(readNodeRule(update)).toEqual({ rule: update });
    expect(readNodeRule({ Action: 'update' })).toMatchObject({ rule: { Metadata: null, Query: '' } });
  });

  test.each<[unknown, string[]]>([
    [{}, ['Action: regular expression mismatch']],
    [{ Action: 'x', Metadata: { Name: 'a', Type: 'b' } }, ['Action: regular expression mismatch']],
    [
      { Action: 'create', Metadata: { Name: 'a' } },
      [`${HEAD}Metadata: Path is required\n(root): Must validate at least one schema (anyOf)`],
    ],
    [
      { Action: 'create' },
      [`${HEAD}Metadata: Name is required\n(root): Must validate at least one schema (anyOf)`],
    ],
    [
      { Action: 'update', Metadata: { Name: 'zz' }, Query: 'G.V()' },
      ['Name and Type fields can not be changed'],
    ],
    [{ Action: 'update', Metadata: { Type: 'zz' } }, ['Name and Type fields can not be changed']],
    [{ Action: 'update', Metadata: { 'Name.x': 'zz' } }, ['Name and Type fields can not be changed']],
    [
      { Action: 'update', Metadata: { a: 1 }, Query: 'G.V(' },
      ['Query: Not a valid Gremlin expression: Expected right parenthesis'],
    ],
    [
      { Action: 'update', Metadata: { a: 1 }, Query: 'G.V().Count()' },
      [
        'Query: Not a valid Gremlin expression: a rule needs a query that yields nodes, this one yields value',
      ],
    ],
    [
      { Action: 'x', Query: 'foo' },
      [
        'Action: regular expression mismatch',
        'Query: Not a valid Gremlin expression: found "foo", expected `G`',
      ],
    ],
    [
      { Action: 'update', Metadata: { a: 'x'.repeat(limits.ruleMetadataBytesMax) } },
      [`Metadata: larger than ${limits.ruleMetadataBytesMax} bytes`],
    ],
    [
      { Action: 'update', Metadata: { ['a.'.repeat(5_000)]: 1 } },
      [`Metadata: a key with more than ${limits.metadataDepthMax / 2} components`],
    ],
  ])('refuses %#', (input, errors) => {
    expect(readNodeRule(input)).toEqual({ errors });
  });

  test.each([
    null,
    5,
    [],
    { Action: 5 },
    { Action: 'update', Metadata: 'x' },
    { Action: 'update', Metadata: [] },
  ])('throws for %j', (input) => {
    expect(() => readNodeRule(input)).toThrow(/unsupported type|parse error/);
  });
});

describe('readEdgeRule', () => {
  test('reads queries and metadata', () => {
    const rule = { Src: "G.V('a')", Dst: "G.V('b')", Metadata: { RelationType: 'layer2' } };
    expect(readEdgeRule(rule)).toEqual({ rule: { Name: '', Description: '', ...rule } });
  });

  test('tells everything that is wrong', () => {
    expect(readEdgeRule({ Src: 'G.V(' })).toEqual({
      errors: [
        'Src: Not a valid Gremlin expression: Expected right parenthesis',
        'Dst: Not a valid Gremlin expression: found "", expected `G`',
        `${HEAD}Metadata: RelationType is required`,
      ],
    });
  });
});
