import { describe, expect, test } from 'vitest';
import { bundledById, bundledWorkflows } from '../../../core/workflow/bundled.ts';
import { readCall, readWorkflow } from '../../../core/workflow/validate.ts';

describe('readWorkflow', () => {
  test('fills in what is absent and drops what is unknown', () => {
    expect(readWorkflow({ Name: 'n', Source: 's', UUID: 'mine', Strange: 1 })).toEqual({
      workflow: { Name: 'n', Title: '', Abstract: '', Description: '', Parameters: null, Source: 's' },
    });
  });

  test('keeps parameters and their choices, with defaults of any kind', () => {
    const Values = [
      { Value: 1, Description: 'one' },
      { Value: 'x', Description: '' },
    ];
    const Parameters = [
      { Name: 'a', Description: 'd', Type: 'choice', Default: { deep: [true] }, Values },
      { Name: 'b', Description: '', Type: '', Default: null, Values: null },
    ];
    expect(
      readWorkflow({ Name: 'n', Parameters: [Parameters[0], { Name: 'b', Values: null }] }),
    ).toMatchObject({ workflow: { Parameters } });
  });

  test('needs a name', () => {
    expect(readWorkflow({})).toEqual({ errors: ['Name: zero value'] });
    expect(readWorkflow({ name: 'n' })).toEqual({ errors: ['Name: zero value'] });
  });

  test.each([
    [null, 'unsupported type'],
    [[], 'parse error: expected {'],
    [{ Name: 1 }, 'parse error: expected string for member Name'],
    [{ Name: 'n', Parameters: {} }, 'parse error: expected [ for member Parameters'],
    [{ Name: 'n', Parameters: ['p'] }, 'parse error: expected {'],
    [{ Name: 'n', Parameters: [{ Values: 1 }] }, 'parse error: expected [ for member Values'],
    [{ Name: 'n', Parameters: [{ Values: [1] }] }, 'parse error: expected {'],
  ])('refuses %j', (input, text) => {
    expect(() => readWorkflow(input)).toThrow(text);
  });

  test('refuses values that nest too deep', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    for (const param of [{ Default: deep }, { Values: [{ Value: deep }] }])
      expect(() => readWorkflow({ Name: 'n', Parameters: [param] })).toThrow(/nests deeper than/);
  });
});

describe('readCall', () => {
  test.each([
    [{ Params: [1, 'a', null] }, [1, 'a', null]],
    [{ params: [1] }, [1]],
    [{ PARAMS: [1], Params: [2] }, [2]],
    [{ Params: null }, []],
    [{}, []],
  ])('%j', (input, params) => {
    expect(readCall(input)).toEqual(params);
  });

  test.each([[null], [[1]], ['x'], [{ Params: 'x' }], [{ Params: {} }]])('refuses %j', (input) => {
    expect(() => readCall(input)).toThrow(/unsupported type|parse error/);
  });
});

describe('bundled workflows', () => {
  test('have the reference’s names and ids, each once, and may be stored as they are', () => {
    expect(bundledWorkflows.map(({ Name }) => Name).sort()).toEqual([
      'CheckConnectivity',
      'CheckMTU',
      'FlowMatrix',
      'FlowValidation',
    ]);
    expect(bundledById.get('1c79a9d2-6fcb-4e10-7d40-78819b07781c')?.Name).toBe('FlowValidation');
    for (const { UUID, ...workflow } of bundledWorkflows) {
      expect(bundledById.size).toBe(4);
      expect(readWorkflow({ ...workflow, UUID })).toEqual({ workflow });
    }
  });
});
