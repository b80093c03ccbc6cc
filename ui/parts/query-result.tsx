/** What a query yielded: as a table, as a graph of its own, or as JSON. */
import { useMemo } from 'preact/hooks';
import { limits } from '../../core/limits.ts';
import { jsonText, resultGraph, resultTable, type ResultTable } from '../model/query-result.ts';
import { graph } from '../state/live.ts';
import { reveal } from '../state/view.ts';
import { Lazy } from './lazy.tsx';
import { Downloads } from './result-downloads.tsx';

export interface Outcome {
  readonly query: string;
  readonly result: unknown;
  readonly cost: string;
  readonly warning: string;
}

const FORMS = { table: 'Table', graph: 'Graph', json: 'JSON' } as const;
export type ResultForm = keyof typeof FORMS;

/** What the result can be shown as; JSON is always among them. */
export function Result({
  outcome: { query, result, cost, warning },
  form,
  setForm,
}: {
  readonly outcome: Outcome;
  readonly form: ResultForm;
  readonly setForm: (form: ResultForm) => void;
}) {
  const table = useMemo(() => resultTable(result, limits.pageResultRowsMax), [result]);
  const drawn = useMemo(() => resultGraph(result, graph), [result]);
  const can = { table: table !== undefined, graph: drawn !== undefined, json: true };
  const now = can[form] ? form : can.table ? 'table' : 'json';
  return (
    <>
      <div class="bar">
        <label>
          Show as{' '}
          <select
            name="as"
            value={now}
            onChange={({ currentTarget: { value } }) =>
              setForm(value === 'graph' || value === 'json' ? value : 'table')
            }
          >
            {Object.entries(FORMS).map(([name, title]) => (
              <option key={name} value={name} disabled={!can[name as ResultForm]}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <Downloads query={query} result={result} />
        <span class="muted" role="status">
          {[sizeText(result), cost, warning].filter((part) => part !== '').join(' · ')}
        </span>
      </div>
      {now === 'graph' && drawn !== undefined ? (
        <Lazy what="The drawing" load={() => import('./result-graph.tsx')} props={{ drawn }} />
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label="Result">
          {now === 'table' && table !== undefined ? <Table table={table} /> : <pre>{jsonText(result)}</pre>}
        </div>
      )}
    </>
  );
}

function Table({ table }: { readonly table: ResultTable }) {
  return (
    <>
      <table class="list">
        <thead>
          <tr>
            {table.columns.map((name, index) => (
              <th key={`${index} ${name}`} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map(({ cells, nodeId }, row) => (
            <tr key={row}>
              {cells.map((cell, index) => (
                <td key={index}>
                  {index === 0 && nodeId !== undefined && graph.nodes.has(nodeId) ? (
                    <button type="button" class="link" onClick={() => reveal(nodeId)}>
                      {cell}
                    </button>
                  ) : (
                    cell
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.more > 0 && <p class="muted">and {table.more} more: download them.</p>}
    </>
  );
}

function sizeText(result: unknown): string {
  return Array.isArray(result) ? `${result.length} result${result.length === 1 ? '' : 's'}` : '';
}
