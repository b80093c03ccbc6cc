/** What the graph is to have beyond what probes find. The API makes and deletes rules; it does not change them. */
import type { EdgeRule, EdgeRuleRequest, NodeRule, NodeRuleRequest } from '../../../core/api/operations.ts';
import { RULE_ACTIONS } from '../../../core/rules/rule.ts';
import { ask } from '../../link/api.ts';
import type { FieldsOf } from '../../model/manage/fields.ts';
import type { Standing } from '../../model/manage/standing.ts';
import { standing } from '../../state/standing.ts';
import { entriesOf, faultsOf, type Kind } from './kind.ts';

const nodeFields = {
  Name: { label: 'Name' },
  Action: { label: 'Does', choices: RULE_ACTIONS, preset: 'update' },
  Query: { label: 'To (Gremlin)', example: "G.V().Has('Type', 'netns')", isWide: true },
  Metadata: { label: 'Metadata (JSON)', as: 'json', example: '{"Room": "B12"}', isWide: true },
  Description: { label: 'Description', lines: 2, isMore: true },
} satisfies FieldsOf<NodeRuleRequest, 'UUID'>;

const edgeFields = {
  Name: { label: 'Name' },
  Src: { label: 'From (Gremlin)', example: "G.V().Has('Name', 'TOR1')", isRequired: true, isWide: true },
  Dst: { label: 'To (Gremlin)', example: "G.V().Has('Name', 'eth0')", isRequired: true, isWide: true },
  Metadata: {
    label: 'Metadata (JSON)',
    as: 'json',
    example: '{"RelationType": "layer2"}',
    isWide: true,
  },
  Description: { label: 'Description', lines: 2, isMore: true },
} satisfies FieldsOf<EdgeRuleRequest, 'UUID'>;

export const nodeRules: Kind = {
  name: 'Node rules',
  one: 'node rule',
  object: 'noderule',
  columns: ['Name', 'Does', 'To', 'Metadata', 'State'],
  fields: nodeFields,
  empty: 'Say below which nodes are to have what metadata, or which node is to be there.',
  list: async () => {
    const [all, known] = await Promise.all([ask('GET /api/noderule', {}), standing()]);
    return entriesOf<NodeRule>(
      all,
      (one) => one.Name || one.Query,
      (one, id) => [
        one.Name,
        one.Action,
        one.Query,
        JSON.stringify(one.Metadata),
        <RuleState id={id} known={known} />,
      ],
    );
  },
  check: async (body) => faultsOf((await import('../../../core/rules/validate.ts')).readNodeRule(body)),
  create: async (body) => {
    await ask('POST /api/noderule', { body });
    return 'The rule holds from now on.';
  },
  remove: (id) => ask('DELETE /api/noderule/{id}', { params: { id } }),
};

export const edgeRules: Kind = {
  name: 'Edge rules',
  one: 'edge rule',
  object: 'edgerule',
  columns: ['Name', 'From', 'To', 'Metadata', 'State'],
  fields: edgeFields,
  empty: 'Say below which nodes are to be joined with which.',
  list: async () => {
    const [all, known] = await Promise.all([ask('GET /api/edgerule', {}), standing()]);
    return entriesOf<EdgeRule>(
      all,
      (one) => one.Name || `from ${one.Src} to ${one.Dst}`,
      (one, id) => [
        one.Name,
        one.Src,
        one.Dst,
        JSON.stringify(one.Metadata),
        <RuleState id={id} known={known} />,
      ],
    );
  },
  check: async (body) => faultsOf((await import('../../../core/rules/validate.ts')).readEdgeRule(body)),
  create: async (body) => {
    await ask('POST /api/edgerule', { body });
    return 'The rule holds from now on.';
  },
  remove: (id) => ask('DELETE /api/edgerule/{id}', { params: { id } }),
};

/** A rule that makes a node asks for none. */
function RuleState({ id, known }: { readonly id: string; readonly known: Standing | undefined }) {
  if (known === undefined) return null;
  const fault = known.faults.get(id);
  return (
    <>
      {known.reach.get(id) ?? (fault === undefined && 'holds')}{' '}
      {fault !== undefined && <span class="problem">{fault}</span>}
    </>
  );
}
