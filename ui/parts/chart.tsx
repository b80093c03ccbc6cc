/** How much an interface receives and sends: the last hour from the analyzer's history, and on from there as its probe tells. */
import { useEffect, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import type { Node } from '../../core/api/operations.ts';
import { ask } from '../link/api.ts';
import { bytesText, countText } from '../model/figures.ts';
import {
  countedOf,
  isCounted,
  joined,
  seriesOf,
  type Counted,
  type Measure,
} from '../model/metric-series.ts';
import { quoted } from '../model/node-text.ts';
import { selected } from '../state/view.ts';
import { theme } from '../state/theme.ts';

const HEIGHT_PX = 140;
const PAST = '1h';

/** Of the selected node. */
export default function Chart() {
  const node = selected.value;
  return node === undefined ? null : <NodeChart key={node.ID} node={node} />;
}

function useCounted(node: Node): readonly Counted[] {
  const [counted, setCounted] = useState<readonly Counted[]>([]);
  const latest: unknown = node.Metadata['LastUpdateMetric'];
  useEffect(() => {
    const query = `G.At(NOW, ${quoted(PAST)}).V(${quoted(node.ID)}).Metrics()`;
    // Where no history is kept the chart begins now.
    ask('POST /api/topology', { body: { GremlinQuery: query } }).then(
      (answer) => setCounted((known) => joined(countedOf(answer, node.ID), known)),
      () => {},
    );
  }, [node.ID]);
  useEffect(() => {
    if (isCounted(latest)) setCounted((known) => joined(known, [latest]));
  }, [isCounted(latest) ? latest.Last : 0]);
  return counted;
}

function NodeChart({ node }: { readonly node: Node }) {
  const counted = useCounted(node);
  const [measure, setMeasure] = useState<Measure>('Bytes');
  const [, received, sent] = seriesOf(counted.slice(-1), measure);
  const say = (rate = 0): string =>
    `${measure === 'Bytes' ? bytesText(Math.round(rate)) : countText(Math.round(rate))}/s`;
  if (counted.length === 0) return null;
  return (
    <section class="chart" aria-label="Traffic">
      <h3>
        Traffic{' '}
        <select
          aria-label="Traffic in"
          value={measure}
          onChange={({ currentTarget }) => setMeasure(currentTarget.value as Measure)}
        >
          <option value="Bytes">bytes</option>
          <option value="Packets">packets</option>
        </select>
      </h3>
      <p>
        <span class="received">received {say(received[0])}</span>,{' '}
        <span class="sent">sent {say(sent[0])}</span>
      </p>
      <Plot counted={counted} measure={measure} />
    </section>
  );
}

/** Colours come from the style, which uPlot's canvas cannot see. */
function colour(name: string): string {
  return getComputedStyle(document.querySelector(`.chart .${name}`)!).color;
}

function Plot({ counted, measure }: { readonly counted: readonly Counted[]; readonly measure: Measure }) {
  const parent = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  useEffect(() => {
    const element = parent.current!;
    const text = getComputedStyle(element).color;
    const axis = { stroke: text, grid: { width: 0.3, stroke: text }, font: '11px system-ui' };
    const values = (_: UPlot, ticks: number[]): string[] =>
      ticks.map((tick) => (measure === 'Bytes' ? bytesText(tick) : countText(tick)));
    const made = new UPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false },
        axes: [axis, { ...axis, values, size: 64 }],
        series: [
          {},
          { label: 'received', stroke: colour('received'), width: 1.5 },
          { label: 'sent', stroke: colour('sent'), width: 1.5, dash: [4, 3] },
        ],
      },
      seriesOf(counted, measure),
      element,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [measure, theme.value]);
  useEffect(() => plot.current?.setData(seriesOf(counted, measure)), [counted]);
  return <div ref={parent} class="plot" aria-hidden="true" />;
}
