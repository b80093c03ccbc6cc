/** The flows as they come: newest first until somebody sorts otherwise, filtered, pausable. What is not there is said. */
import { useMemo, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { ask } from '../link/api.ts';
import { nodeIdsOf } from '../model/query-result.ts';
import {
  endOf,
  finishOf,
  protocolOf,
  shownFlows,
  type FlowColumn,
  type FlowJson,
  type FlowOrder,
} from '../model/flow-rows.ts';
import { bytesText, countText, durationText, timeText } from '../model/figures.ts';
import { tidOf } from '../model/node-text.ts';
import { flows, flowsVersion, nodeIdOfTid, nodeNameOfTid, shapeVersion } from '../state/live.ts';
import { PAST_FLOWS, pastFlows, pastMs } from '../state/past.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { may } from '../state/session.ts';
import { highlighted, isOnlySelected, reveal, selected } from '../state/view.ts';
import { useWindow } from './use-window.ts';

const ROW_PX = 24;

interface Column {
  readonly name: FlowColumn;
  readonly title: string;
  readonly isNumber?: boolean;
  readonly text: (flow: FlowJson) => string;
}

const COLUMNS: readonly Column[] = [
  { name: 'last', title: 'Last seen', text: (flow) => timeText(flow.Last) },
  { name: 'protocol', title: 'Protocol', text: protocolOf },
  { name: 'a', title: 'From', text: (flow) => endOf(flow, 'A') },
  { name: 'b', title: 'To', text: (flow) => endOf(flow, 'B') },
  { name: 'node', title: 'Interface', text: (flow) => nodeNameOfTid(flow.NodeTID ?? '') },
  {
    name: 'packets',
    title: 'Packets there, back',
    isNumber: true,
    text: ({ Metric: metric }) =>
      `${countText(metric?.ABPackets ?? 0)}, ${countText(metric?.BAPackets ?? 0)}`,
  },
  {
    name: 'bytes',
    title: 'Bytes there, back',
    isNumber: true,
    text: ({ Metric: metric }) => `${bytesText(metric?.ABBytes ?? 0)}, ${bytesText(metric?.BABytes ?? 0)}`,
  },
  {
    name: 'rtt',
    title: 'Round trip',
    isNumber: true,
    text: ({ Metric: metric }) => durationText(metric?.RTT ?? 0),
  },
  { name: 'finish', title: 'End', text: finishOf },
];

const HIDDEN = 'columnsHidden';

function readHidden(): ReadonlySet<string> {
  return new Set((readKept(HIDDEN) ?? '').split(' '));
}

/** Which columns there are, kept in this browser. */
function ColumnMenu({
  hidden,
  setHidden,
}: {
  readonly hidden: ReadonlySet<string>;
  readonly setHidden: (hidden: ReadonlySet<string>) => void;
}) {
  const change = (name: FlowColumn, isShown: boolean): void => {
    const next = new Set(hidden);
    if (isShown) next.delete(name);
    else next.add(name);
    writeKept(HIDDEN, [...next].join(' '));
    setHidden(next);
  };
  return (
    <details class="menu">
      <summary>Columns</summary>
      <div class="menu-body">
        {COLUMNS.map(({ name, title }) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={!hidden.has(name)}
              onChange={({ currentTarget }) => change(name, currentTarget.checked)}
            />{' '}
            {title}
          </label>
        ))}
      </div>
    </details>
  );
}

/** What is shown: of the flows when it was paused, of those of another time, or of those there are. */
function useRows(
  paused: readonly FlowJson[] | undefined,
  filter: string,
  isHere: boolean,
  order: FlowOrder,
): readonly FlowJson[] {
  const isPast = pastMs.value !== undefined;
  const tid = isHere && selected.value !== undefined ? tidOf(selected.value) : undefined;
  const all = paused ?? (isPast ? pastFlows.value : undefined);
  return useMemo(
    () =>
      shownFlows(all ?? flows.list(), {
        filter,
        tids: tid === undefined ? undefined : new Set([tid]),
        order,
        nodeName: nodeNameOfTid,
      }),
    [all, all === undefined ? flowsVersion.value : 0, shapeVersion.value, filter, tid, order],
  );
}

export function FlowTable() {
  const [filter, setFilter] = useState('');
  const [order, setOrder] = useState<FlowOrder>({ column: 'last', isDescending: true });
  const isHere = isOnlySelected.value;
  const [hidden, setHidden] = useState(readHidden);
  const [paused, setPaused] = useState<readonly FlowJson[] | undefined>(undefined);
  const isPast = pastMs.value !== undefined;
  const rows = useRows(paused, filter, isHere, order);
  const columns = COLUMNS.filter(({ name }) => !hidden.has(name));
  const { ref, from, to } = useWindow<HTMLDivElement>(rows.length, ROW_PX);
  if (!may('websocket', '/ws/subscriber/flow')) return <p class="muted">You may not hear of flows.</p>;
  return (
    <div class="panel-body">
      <div class="bar">
        <input
          type="search"
          placeholder="Protocol, address, interface"
          aria-label="Only flows with these words"
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <label>
          <input
            type="checkbox"
            checked={isHere}
            onChange={({ currentTarget }) => (isOnlySelected.value = currentTarget.checked)}
          />{' '}
          of the selected interface
        </label>
        <button
          type="button"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused(paused === undefined ? flows.list() : undefined)}
        >
          {paused === undefined ? 'Pause' : 'Go on'}
        </button>
        <button type="button" onClick={() => flows.clear()}>
          Clear
        </button>
        <ColumnMenu hidden={hidden} setHidden={setHidden} />
        <span class="muted" role="status">
          {isPast ? pastText(rows.length) : sumText(rows.length)}
        </span>
      </div>
      <div class="scroll" ref={ref} tabIndex={0} role="group" aria-label="Flows">
        <table class="list flows" aria-rowcount={rows.length + 1}>
          <Head columns={columns} order={order} setOrder={setOrder} />
          <tbody>
            <Space rows={from} />
            {rows.slice(from, to).map((flow, index) => (
              <tr key={flow.UUID} aria-rowindex={from + index + 2}>
                {columns.map(({ name, isNumber, text }) => (
                  <td key={name} class={isNumber === true ? 'number' : ''}>
                    {name === 'node' ? <NodeLink tid={flow.NodeTID ?? ''} /> : text(flow)}
                  </td>
                ))}
                <td>
                  <PathButton flow={flow} />
                </td>
              </tr>
            ))}
            <Space rows={rows.length - to} />
          </tbody>
        </table>
        {rows.length === 0 && <p class="muted">{emptyText(isPast || filter !== '' || isHere)}</p>}
      </div>
    </div>
  );
}

function Head({
  columns,
  order,
  setOrder,
}: {
  readonly columns: readonly Column[];
  readonly order: FlowOrder;
  readonly setOrder: (order: FlowOrder) => void;
}) {
  const sort = (column: FlowColumn): void =>
    setOrder({ column, isDescending: order.column === column ? !order.isDescending : column !== 'protocol' });
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map(({ name, title, isNumber }) => (
          <th
            key={name}
            scope="col"
            class={isNumber === true ? 'number' : ''}
            aria-sort={order.column === name ? (order.isDescending ? 'descending' : 'ascending') : 'none'}
          >
            <button type="button" class="link" onClick={() => sort(name)}>
              {title}
              <span aria-hidden="true">
                {order.column === name ? (order.isDescending ? ' ↓' : ' ↑') : ''}
              </span>
            </button>
          </th>
        ))}
        <th scope="col">
          <span class="sr">Where it went by</span>
        </th>
      </tr>
    </thead>
  );
}

function Space({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true">
      <td class="space-row" colSpan={COLUMNS.length + 1} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}

/** Lights up, in tree and map, every interface on which this flow was captured. */
function PathButton({ flow: { TrackingID: id = '' } }: { readonly flow: FlowJson }) {
  const [problem, setProblem] = useState('');
  const at = pastMs.value === undefined ? 'G' : `G.At(${pastMs.value}, '${PAST_FLOWS}')`;
  const show = async (): Promise<void> => {
    try {
      const GremlinQuery = `${at}.Flows().Has('TrackingID', '${id}').Nodes()`;
      const ids = nodeIdsOf(await ask('POST /api/topology', { body: { GremlinQuery } }));
      highlighted.value = ids.size === 0 ? undefined : ids;
      setProblem(ids.size === 0 ? 'no longer known' : '');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  if (!/^[\da-f]+$/.test(id)) return null;
  return (
    <button type="button" class="link" onClick={() => void show()}>
      Path{problem === '' ? '' : `: ${problem}`}
    </button>
  );
}

function NodeLink({ tid }: { readonly tid: string }) {
  const id = nodeIdOfTid(tid);
  if (id === undefined) return <>{tid}</>;
  return (
    <button type="button" class="link" onClick={() => reveal(id)}>
      {nodeNameOfTid(tid)}
    </button>
  );
}

function pastText(shown: number): string {
  const all = pastFlows.value.length;
  const cut = all === limits.pagePastFlowsMax ? ', the newest only' : '';
  return `${countText(shown)} of ${countText(all)} flows of the ${PAST_FLOWS} before${cut}`;
}

function emptyText(isNarrowed: boolean): string {
  if (isNarrowed) return 'No flow fits.';
  return 'No flows yet: choose an interface in the tree and “Capture here”.';
}

function sumText(shown: number): string {
  const { updates, gaps, evicted } = flows.losses;
  const parts = [`${countText(shown)} of ${countText(flows.size)} flows`];
  if (updates > 0) parts.push(`${countText(updates)} updates missed: they came faster than this page read`);
  if (gaps > 0) parts.push(`${gaps} times away for too long: flows may be missing`);
  if (evicted > 0) parts.push(`${countText(evicted)} older ones left the table`);
  return parts.join(' · ');
}
