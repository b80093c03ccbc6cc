/** The ways in which `flows observe` prints flows. Each gets flows in order and may keep the widths it has seen. */
import { compactLine, endsOf, stateOf, timeOf, traffic, type ShownFlow } from './flow-line.ts';
import { print, printLine, styled } from './output.ts';

export const OUTPUTS = ['compact', 'table', 'json', 'jsonpb'] as const;
export type Output = (typeof OUTPUTS)[number];

/** A flow's public JSON. `nodeName` is that of the node it was captured on, "" when that is not known. */
export type PrintFlow = (flow: ShownFlow, nodeName: string) => void;

export function flowPrinter(output: Output): PrintFlow {
  switch (output) {
    case 'compact':
      return (flow, nodeName) => printLine(compactLine(flow, nodeName));
    case 'table':
      return tablePrinter();
    case 'json':
      return (flow) => print(JSON.stringify(flow));
    case 'jsonpb':
      // In the manner of Hubble's: the flow inside a record that says when and where.
      return (flow, node_name) =>
        print(JSON.stringify({ flow, node_name, time: new Date(flow.Last).toISOString() }));
  }
}

const COLUMNS = [
  { head: 'LAST', width: 23 },
  { head: 'NODE', width: 12 },
  { head: 'A', width: 21 },
  { head: 'B', width: 21 },
  { head: 'APPLICATION', width: 11 },
  { head: 'A TO B', width: 14 },
  { head: 'B TO A', width: 14 },
  { head: 'STATE', width: 7 },
] as const;

/** Columns grow with what they have to hold; they never shrink, so that a stream stays readable. */
function tablePrinter(): PrintFlow {
  const widths = COLUMNS.map(({ width }) => width as number);
  let isHeadDue = true;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        widths[at] = Math.max(widths[at]!, cell.length);
        return cell.padEnd(widths[at]);
      })
      .join('  ')
      .trimEnd();
  return (flow, nodeName) => {
    if (isHeadDue) print(styled('bold', line(COLUMNS.map(({ head }) => head))));
    isHeadDue = false;
    const { ABPackets = 0, ABBytes = 0, BAPackets = 0, BABytes = 0 } = flow.Metric ?? {};
    const forth = traffic(ABPackets, ABBytes);
    const back = traffic(BAPackets, BABytes);
    printLine(
      line([timeOf(flow.Last), nodeName, ...endsOf(flow), flow.Application, forth, back, stateOf(flow)]),
    );
  };
}
