/** A flow as one line for people: when, between whom, what, how much, and whether it goes on. */
import { FlowFinishType } from '../proto/gen/flow.ts';
import { styled } from './output.ts';

/** The members that are shown, of the flow's public JSON. */
export interface ShownFlow {
  readonly Start: number;
  readonly Last: number;
  readonly Application: string;
  readonly LayersPath: string;
  readonly NodeTID: string;
  readonly FinishType?: number;
  readonly Link?: Ends;
  readonly Network?: Ends;
  readonly Transport?: { readonly A: number; readonly B: number };
  readonly Metric?: Traffic;
  readonly LastUpdateMetric?: Traffic;
}

interface Ends {
  readonly A?: string;
  readonly B?: string;
}

interface Traffic {
  readonly ABPackets: number;
  readonly ABBytes: number;
  readonly BAPackets: number;
  readonly BABytes: number;
}

const FINISH: Readonly<Record<number, string>> = {
  [FlowFinishType.TIMEOUT]: 'timeout',
  [FlowFinishType.TCP_FIN]: 'fin',
  [FlowFinishType.TCP_RST]: 'rst',
};

export function endsOf(flow: ShownFlow): readonly [string, string] {
  const layer = flow.Network ?? flow.Link;
  return [
    address(layer?.A, flow.Network !== undefined, flow.Transport?.A),
    address(layer?.B, flow.Network !== undefined, flow.Transport?.B),
  ];
}

/** `1.2.3.4:80`, `[fe80::1]:80`, or the address alone. */
function address(text: string | undefined, isIp: boolean, port: number | undefined): string {
  if (text === undefined) return '?';
  if (port === undefined || !isIp) return text;
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

export function stateOf(flow: ShownFlow): string {
  return FINISH[flow.FinishType ?? 0] ?? 'open';
}

/** `10 / 980 B`. */
export function traffic(packets: number, bytes: number): string {
  return `${packets} / ${size(bytes)}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Local time to the millisecond. */
export function timeOf(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 23).replace('T', ' ');
}

/** `nodeName` of the capture; "" when it is not known. */
export function compactLine(flow: ShownFlow, nodeName: string): string {
  const [a, b] = endsOf(flow);
  const { ABPackets = 0, ABBytes = 0, BAPackets = 0, BABytes = 0 } = flow.Metric ?? {};
  const state = stateOf(flow);
  const colour = state === 'open' ? 'green' : state === 'rst' ? 'red' : 'dim';
  return [
    styled('dim', timeOf(flow.Last)),
    nodeName === '' ? '' : styled('magenta', nodeName),
    `${styled('cyan', a)} ${styled('dim', '->')} ${styled('cyan', b)}`,
    styled('yellow', flow.Application),
    `${traffic(ABPackets, ABBytes)} ${styled('dim', '<>')} ${traffic(BAPackets, BABytes)}`,
    styled(colour, state),
  ]
    .filter((part) => part !== '')
    .join('  ');
}
