/**
 * What is live: the graph and the flows, each over a socket of its own that comes back by itself. Signals change at most ten times a
 * second, however much comes in.
 */
import { batch, computed, signal } from '@preact/signals';
import { limits } from '../../core/limits.ts';
import { LOST_TYPE, POSITION_TYPE, type Lost } from '../../core/wire/flow-notices.ts';
import { RESUME_NOW } from '../../core/wire/recent-rows.ts';
import type { SocketPath } from '../../core/api/sockets.ts';
import { LiveSocket, type Message, type SocketState } from '../link/live-socket.ts';
import { containmentOf } from '../model/containment.ts';
import { FlowRows, type FlowJson } from '../model/flow-rows.ts';
import { LiveGraph } from '../model/live-graph.ts';
import { nameOf, tidOf } from '../model/node-text.ts';
import { askWho, may } from './session.ts';

const TELL_MS = 100;
const GRAPH: SocketPath = '/ws/subscriber';
const FLOWS: SocketPath = '/ws/subscriber/flow';
const CAPTURES = 'OnDemandCaptureNotification';

const live = new LiveGraph();
/** What is shown: what is, or what was (past.ts). Importers see each change. */
export let graph = live;
export const flows = new FlowRows(limits.pageFlowsMax);

/** Grow with what they are named after; components read them to be drawn again. */
export const graphVersion = signal(0);
export const shapeVersion = signal(0);
export const flowsVersion = signal(0);
/** Something became of a capture. */
export const capturesVersion = signal(0);

type LinkState = SocketState | 'off';
const graphState = signal<LinkState>('off');
const flowState = signal<LinkState>('off');
const isSynced = signal(false);
/** Why there is no graph; "" while there is. */
export const graphProblem = signal('');

export const containment = computed(() => {
  void shapeVersion.value;
  return containmentOf(graph);
});

/** TID → node id; flows name interfaces by it. */
const nodesByTid = computed(() => {
  void shapeVersion.value;
  const byTid = new Map<string, string>();
  for (const node of graph.nodes.values()) if (tidOf(node) !== '') byTid.set(tidOf(node), node.ID);
  return byTid;
});

export function nodeIdOfTid(tid: string): string | undefined {
  return nodesByTid.value.get(tid);
}

/** The host and name of an interface, as far as they are known. */
export function nodeNameOfTid(tid: string): string {
  const node = graph.nodes.get(nodesByTid.value.get(tid) ?? '');
  if (node === undefined) return tid;
  return node.Host === '' ? nameOf(node) : `${node.Host} ${nameOf(node)}`;
}

/** Whether the page shows what is: in a word for the style, and in words. */
export const connection = computed(() => {
  const states = new Set([graphState.value, flowState.value]);
  if (states.has('waiting') || (states.has('connecting') && isSynced.value))
    return { kind: 'away', text: 'Connection lost: what you see is old. Connecting again …' };
  if (!isSynced.value) return { kind: 'connecting', text: 'Connecting …' };
  return flowState.value === 'off' ? { kind: 'live', text: 'Live graph' } : { kind: 'live', text: 'Live' };
});
export const isLoaded = computed(() => isSynced.value);

let told = { version: 0, shape: 0 };
let timer: ReturnType<typeof setTimeout> | undefined;
function tell(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    flowsVersion.value = flows.version;
    if (graph !== live) return;
    if (told.version !== live.version) graphVersion.value++;
    if (told.shape !== live.shapeVersion) shapeVersion.value++;
    told = { version: live.version, shape: live.shapeVersion };
  }, TELL_MS);
}

/** What is, whatever is shown. */
export const liveGraph = (): LiveGraph => live;

/** Shows another graph than what is; undefined for what is. */
export function showGraph(other: LiveGraph | undefined): void {
  graph = other ?? live;
  batch(() => {
    graphVersion.value++;
    shapeVersion.value++;
  });
}

/** The same for as long as the page lives: the hub that gave a position knows what came after it. */
const hostId = `page-${crypto.randomUUID()}`;
let position = RESUME_NOW;

function takeGraph({ Namespace: namespace, Type: type, Status: status = 200, Obj: obj }: Message): void {
  if (namespace === CAPTURES) {
    capturesVersion.value++;
    return;
  }
  if (namespace !== 'Graph') return;
  if (type === 'SyncReply') {
    graphProblem.value = status < 400 ? '' : `The graph cannot be shown: ${JSON.stringify(obj)}`;
    if (status >= 400) return;
    isSynced.value = true;
  }
  if (live.apply(type, obj)) tell();
}

function takeFlows({ Namespace: namespace, Type: type, Obj: obj }: Message): void {
  if (namespace !== 'flow') return;
  if (type === LOST_TYPE) flows.lost(obj as Lost);
  else if (type === POSITION_TYPE) position = obj as string;
  else if (Array.isArray(obj)) flows.take(obj as FlowJson[]);
  tell();
}

/** An attempt that was refused may be one whose session is over. */
function after(state: SocketState, wasOpen: boolean): void {
  if (state === 'waiting' && !wasOpen) void askWho();
}

/** Opens what this principal may hear of; gives what closes it again. */
export function startLive(): () => void {
  const identity = { 'x-client-type': 'page', 'x-host-id': hostId };
  const sockets: LiveSocket[] = [];
  if (may('websocket', GRAPH))
    sockets.push(
      new LiveSocket({
        path: GRAPH,
        parameters: () => ({ ...identity, 'x-update-policy': 'partial' }),
        onOpen: (socket) =>
          socket.send({ Namespace: 'Graph', Type: 'SyncRequest', UUID: crypto.randomUUID(), Obj: {} }),
        onMessage: takeGraph,
        onState: (state, wasOpen) => {
          graphState.value = state;
          after(state, wasOpen);
        },
      }),
    );
  else graphProblem.value = 'You may not hear of the graph.';
  if (may('websocket', FLOWS))
    sockets.push(
      new LiveSocket({
        path: FLOWS,
        parameters: () => ({ ...identity, 'x-websocket-namespace': 'flow', 'x-flow-resume': position }),
        onMessage: takeFlows,
        onState: (state, wasOpen) => {
          flowState.value = state;
          after(state, wasOpen);
        },
      }),
    );
  return () => {
    for (const socket of sockets) socket.close();
    graphState.value = flowState.value = 'off';
    isSynced.value = false;
    live.apply('SyncReply', { Nodes: [], Edges: [] });
    flows.clear();
    tell();
  };
}
