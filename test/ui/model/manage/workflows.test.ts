import { describe, expect, test } from 'vitest';
import { bundledWorkflows } from '../../../../core/workflow/bundled.ts';
import { argumentsOf, inputOf } from '../../../../ui/model/manage/workflow-call.ts';
import { readWorkflowText, workflowText } from '../../../../ui/model/manage/workflow-text.ts';

const param = (Name: string, Type: string, Default: unknown = null, Values: unknown[] | null = null) => ({
  Name,
  Description: '',
  Type,
  Default,
  Values: Values?.map((Value) => ({ Value, Description: '' })) ?? null,
});

describe('the form of a workflow', () => {
  test('has an input for each kind of parameter, with its default', () => {
    expect(inputOf(param('a', 'string', 'x'))).toEqual({ kind: 'text', text: 'x' });
    expect(inputOf(param('a', 'integer', 5))).toEqual({ kind: 'number', text: '5' });
    expect(inputOf(param('a', 'boolean', true))).toEqual({ kind: 'switch', isOn: true });
    expect(inputOf(param('a', 'node'))).toEqual({ kind: 'node', text: '' });
    expect(inputOf(param('a', 'choice', 'dot', ['graph', 'dot']))).toEqual({
      kind: 'choice',
      choices: ['graph', 'dot'],
      at: 1,
    });
    expect(inputOf(param('a', 'what nobody knows'))).toEqual({ kind: 'text', text: '' });
  });

  test('gives the arguments in order, each of its kind', () => {
    const params = [
      param('text', 'string'),
      param('count', 'integer'),
      param('none', 'integer'),
      param('is', 'boolean'),
      param('not', 'boolean'),
      param('one', 'choice', null, [1, { two: 2 }]),
    ];
    const given = { param0: 'x', param1: '7', param2: '', param3: 'on', param5: '1' };
    expect(argumentsOf(params, given)).toEqual(['x', 7, null, true, false, { two: 2 }]);
  });

  test('names what is no whole number', () => {
    expect(() => argumentsOf([param('count', 'integer')], { param0: '1.5' })).toThrow('count: “1.5”');
  });
});

describe('the text of a workflow', () => {
  test.each(bundledWorkflows.map((workflow) => [workflow.Name, workflow] as const))(
    '%s is read again as it is',
    (_name, workflow) => {
      const { UUID: _id, ...members } = workflow;
      expect(readWorkflowText(workflowText(workflow), 'other')).toEqual(members);
    },
  );

  test('may be JSON', () => {
    expect(readWorkflowText('{"Name": "x", "Source": "() => 1"}', '')).toMatchObject({
      Name: 'x',
      Source: '() => 1',
    });
  });

  test('may be a function alone, whose parameters are found', () => {
    const source = '// counts\nasync function (type, /* of it */ most = 5) {\n  return type ? 1 : 2;\n}';
    const { Name, Source, Parameters } = readWorkflowText(source, 'Count');
    expect([Name, Source]).toEqual(['Count', source]);
    expect(Parameters?.map((one) => one.Name)).toEqual(['type', 'most']);
    expect(readWorkflowText('() => 1', 'One').Parameters).toEqual([]);
  });

  test('needs a name, and must be one of these', () => {
    expect(() => readWorkflowText('() => 1', '')).toThrow('Name: zero value');
    expect(() => readWorkflowText('only words', 'x')).toThrow('Neither a description');
    expect(() => readWorkflowText('a: [', 'x')).toThrow('Neither YAML nor JavaScript');
  });
});
