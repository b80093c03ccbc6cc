/**
 * From a capture resource and a node to what is to be done: which way of capturing, with which parameters, or why
 * not. Pure, so that every refusal can be tested; the texts are those of the flow model, section 16.
 */
import { listeningOf } from '../../core/capture/capture-types.ts';
import type { Capture } from '../../core/capture/capture.ts';
import type { GraphNode, Json } from '../../core/graph/element.ts';
import type { CaptureSource, CaptureSpec } from './capture-source.ts';
import type { Plan } from './capture-task.ts';
import type { CapturedInterface } from './captured-interface.ts';
import { chooseType, isPreferred } from './capture-type.ts';
import { isMadeByCapture, ovsNodeOf, ovsTargetOf } from './ovs/ovs-plan.ts';

const HEADER_BYTES_DEFAULT = 256;
/** Key of the source for interfaces that are captured without a type, where there is one. */
export const ANY_TYPE = '';

/** `node` and `found` are undefined when topology does not have them (any more). */
export function planOf(
  capture: Capture,
  node: GraphNode | undefined,
  found: CapturedInterface | undefined,
  sources: ReadonlyMap<string, CaptureSource>,
  exclusion: string,
): Plan {
  if (node === undefined || isMadeByCapture(node)) return { kind: 'none' };
  const shown = node.metadata['Type'];
  const nodeType = typeof shown === 'string' ? shown : '';
  const wanted = capture.Type ?? '';
  const available = [...sources.keys()].filter((type) => type !== ANY_TYPE);
  const choice = chooseType(wanted, nodeType, found !== undefined, available);
  const { type } = choice;
  const refused = (error: string): Plan => ({ kind: 'error', type, error });
  if (choice.kind === 'refused') return refused(choice.error);
  const target = found ?? ovsNodeOf(node);
  const wrong = wrongTarget(capture) ?? missing(node.id, target);
  if (wrong !== undefined) return refused(wrong);
  const anyType = wanted === ANY_TYPE && isPreferred(type) ? sources.get(ANY_TYPE) : undefined;
  const source = anyType ?? sources.get(type)!;
  return { kind: 'run', type, source, spec: specOf(type, capture, node, target!, exclusion) };
}

function wrongTarget({ TargetType = '' }: Capture): string | undefined {
  if (TargetType === '' || TargetType === 'local') return undefined;
  if (TargetType === 'netflowv5' || TargetType === 'erspanv1')
    return `target type ${TargetType} not available on this probe: flows go to the analyzer`;
  return 'target type unknown';
}

function missing(nodeId: string, found: CapturedInterface | undefined): string | undefined {
  if (found === undefined || found.name === '') return `No name for node ${nodeId}`;
  if (found.encapType === '') return `No EncapType for node ${nodeId}`;
  if (found.tid === '') return `No TID for node ${nodeId}`;
  if (!found.up) return `Can't start capture on node down ${found.name}`;
  return undefined;
}

function specOf(
  type: string,
  capture: Capture,
  node: GraphNode,
  found: CapturedInterface,
  exclusion: string,
): CaptureSpec {
  const ovs = ovsTargetOf(type, capture, node);
  const mplsUdpPort = node.metadata['MPLSUDPPort'];
  return {
    captureId: capture.UUID,
    nodeTid: found.tid,
    interfaceName: found.name,
    ifIndex: found.ifIndex,
    netnsPath: found.netnsPath,
    encapType: found.encapType,
    userFilter: capture.BPFFilter ?? '',
    exclusion,
    headerBytes: capture.HeaderSize || HEADER_BYTES_DEFAULT,
    layerKeyMode: capture.LayerKeyMode === 'L3' ? 'L3' : 'L2',
    extraTcpMetric: capture.ExtraTCPMetric,
    ipDefrag: capture.IPDefrag,
    reassembleTcp: capture.ReassembleTCP,
    extraLayers: capture.ExtraLayers ?? 0,
    rawPacketLimit: capture.RawPacketLimit ?? 0,
    mplsUdpPorts: typeof mplsUdpPort === 'number' ? [mplsUdpPort] : [],
    ...listenOf(capture, node),
    ...(ovs && { ovs }),
  };
}

/** On the node's own address when it has a single one, as in the reference. Nothing for captures of packets. */
function listenOf(capture: Capture, node: GraphNode): Pick<CaptureSpec, 'listen'> {
  const listening = listeningOf(capture);
  if (listening === undefined) return {};
  const addresses = node.metadata['IPV4'];
  const [only, ...more] = Array.isArray(addresses) ? (addresses as readonly Json[]) : [];
  const address = typeof only === 'string' && more.length === 0 ? only.replace(/\/.*$/, '') : '';
  return { listen: { ...listening, address } };
}
