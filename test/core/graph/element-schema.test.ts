/** Which metadata a node or an edge may have; the lines are recorded ones of the reference (REST notes, section 9). */
import { describe, expect, test } from 'vitest';
import { edgeSchemaFault, nodeSchemaFault } from '../../../core/graph/element-schema.ts';

const HEAD = [
  'invalid schema: (root): Must validate all the schemas (allOf)',
  'Metadata: Must validate all the schemas (allOf)',
];
const ANY = '(root): Must validate at least one schema (anyOf)';

describe('nodeSchemaFault', () => {
  test.each([
    { Name: 'a', Type: 'device' },
    { Name: 'a', Type: 'device', IPV4: ['10.0.0.1/8'], Nested: { a: 1 } },
    { Name: 'a', Type: 'netns', Path: '/run/netns/a' },
    { Name: 'a', Type: 'ovsport', UUID: 'u' },
    { Name: 'a', Type: '' },
  ])('accepts %j', (metadata) => {
    expect(nodeSchemaFault(metadata)).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [{ Type: 'x' }, 'Metadata: Name is required'],
    [{ Name: 'x' }, 'Metadata: Path is required'],
    [{ Name: '', Type: 'x' }, 'Metadata.Name: String length must be greater than or equal to 1'],
    [{ Name: 5, Type: 'x' }, 'Metadata.Name: Invalid type. Expected: string, given: integer'],
    [{ Name: 'a', Type: 'netns' }, 'Metadata: Path is required'],
    [{ Name: 'a', Type: 'ovsport' }, 'Metadata: UUID is required'],
    [{ Name: 'a', Type: 1.5 }, 'Metadata.Type: Invalid type. Expected: string, given: number'],
    [null, 'Metadata: Invalid type. Expected: object, given: null'],
    [undefined, '(root): Metadata is required'],
  ])('refuses %j', (metadata, detail) => {
    expect(nodeSchemaFault(metadata)).toBe([...HEAD, detail, ANY].join('\n'));
  });
});

describe('edgeSchemaFault', () => {
  test('asks for a RelationType and nothing else', () => {
    expect(edgeSchemaFault({ RelationType: 'layer2' })).toBeUndefined();
    expect(edgeSchemaFault({})).toBe([...HEAD, 'Metadata: RelationType is required'].join('\n'));
    expect(edgeSchemaFault({ RelationType: '' })).toBe(
      [...HEAD, 'Metadata.RelationType: String length must be greater than or equal to 1'].join('\n'),
    );
    expect(edgeSchemaFault([])).toContain('Expected: object, given: array');
  });
});
