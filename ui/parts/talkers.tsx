/** Who talks most among the flows of this page, and by what. */
import { useMemo } from 'preact/hooks';
import { bytesText, countText } from '../model/figures.ts';
import { talkersOf, type Talk } from '../model/talkers.ts';
import { flows, flowsVersion } from '../state/live.ts';
import { pastFlows, pastMs } from '../state/past.ts';

const MOST = 50;

export function Talkers() {
  const past = pastMs.value === undefined ? undefined : pastFlows.value;
  const { pairs, protocols, bytes } = useMemo(
    () => talkersOf(past ?? flows.list(), MOST),
    [past, past === undefined ? flowsVersion.value : 0],
  );
  return (
    <div class="panel-body scroll talkers" tabIndex={0} role="group" aria-label="Who talks most">
      {pairs.length === 0 ? (
        <p class="muted">No flows yet: choose an interface in the tree and “Capture here”.</p>
      ) : (
        <>
          <Sums title="Between" list={pairs} all={bytes} />
          <Sums title="Protocol" list={protocols} all={bytes} />
        </>
      )}
    </div>
  );
}

function Sums({
  title,
  list,
  all,
}: {
  readonly title: string;
  readonly list: readonly Talk[];
  readonly all: number;
}) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col" class="number">
            Flows
          </th>
          <th scope="col" class="number">
            Packets
          </th>
          <th scope="col" class="number">
            Bytes
          </th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {list.map(({ a, b, flows: count, packets, bytes }) => (
          <tr key={`${a} ${b}`}>
            <td>{b === '' ? a : `${a} and ${b}`}</td>
            <td class="number">{countText(count)}</td>
            <td class="number">{countText(packets)}</td>
            <td class="number">{bytesText(bytes)}</td>
            <td>
              <meter min={0} max={Math.max(all, 1)} value={bytes}>
                {Math.round((100 * bytes) / Math.max(all, 1))} %
              </meter>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
