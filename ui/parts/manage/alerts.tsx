/** Questions that are asked again and again, when each fired last, and what is wrong with it. */
import type { Alert, AlertRequest } from '../../../core/api/operations.ts';
import { ask } from '../../link/api.ts';
import type { FieldsOf } from '../../model/manage/fields.ts';
import { standing } from '../../state/standing.ts';
import { entriesOf, faultsOf, type Kind } from './kind.ts';

const fields = {
  Name: { label: 'Name' },
  Expression: {
    label: 'When (Gremlin or JavaScript)',
    example: "G.V().Has('State', 'DOWN')",
    isRequired: true,
    lines: 2,
  },
  Trigger: { label: 'Asked', example: 'graph, or duration:30s' },
  Action: { label: 'Tells (http, https)', example: 'https://hooks.example/edgedive' },
  Description: { label: 'Description', lines: 2, isMore: true },
  CreateTime: { label: 'Made (RFC 3339)', example: '2026-01-31T12:00:00Z', isMore: true },
} satisfies FieldsOf<AlertRequest, 'UUID'>;

export const alerts: Kind = {
  name: 'Alerts',
  one: 'alert',
  object: 'alert',
  columns: ['Name', 'When', 'Asked', 'Tells', 'Fired last'],
  fields,
  empty: 'Write below what is to be looked out for: a query whose answer is empty as long as all is well.',
  list: async () => {
    const [all, known] = await Promise.all([ask('GET /api/alert', {}), standing()]);
    return entriesOf<Alert>(
      all,
      (one) => one.Name || one.Expression,
      (one, id) => [
        one.Name,
        one.Expression,
        one.Trigger || 'graph',
        one.Action,
        <>
          {firedText(known?.firedMs.get(id), known !== undefined)}
          {known?.faults.has(id) && <span class="problem"> {known.faults.get(id)}</span>}
        </>,
      ],
    );
  },
  check: async (body) =>
    faultsOf((await import('../../../core/alert/validate.ts')).readAlert(body, Date.now())),
  create: async (body) => {
    await ask('POST /api/alert', { body });
    return 'The alert is asked from now on.';
  },
  remove: (id) => ask('DELETE /api/alert/{id}', { params: { id } }),
  change: {
    get: async (id) => ask('GET /api/alert/{id}', { params: { id } }),
    patch: (id, body) => ask('PATCH /api/alert/{id}', { params: { id }, body }),
  },
};

function firedText(ms: number | undefined, isKnown: boolean): string {
  if (ms !== undefined) return new Date(ms).toLocaleString();
  return isKnown ? 'not yet' : '';
}
