/**
 * What a source of the host's topology is: something beside the kernel that knows what runs here and how it is joined
 * (a container engine, a virtual switch, a neighbour on the wire). A source says what it sees now, whole, as a
 * `Picture`; what differs from before is worked out, written and taken back for it (`source-elements.ts`). It only
 * follows: when that fails it throws, and it is started again (`source-runner.ts`). So no source can stop another.
 */
import type { GraphEvent, Json, Metadata } from '../../../core/graph/element.ts';
import type { GraphView } from '../../../core/graph/view.ts';
import type { Watched } from '../../linux/readiness.ts';
import type { EdgeMetadata } from '../host-graph.ts';
import type { NamespaceLabel } from '../netns-files.ts';

export interface TopologySource {
  /**
   * Follows until the signal, then returns. Throws whatever ends it before: `SourceError` for what the other side
   * did wrong, errors of Node and of the kernel as they come.
   */
  follow(host: SourceHost, signal: AbortSignal): Promise<void>;
  /** Counters and facts for the status. */
  status?(): Readonly<Record<string, Json>>;
}

/** Whatever a source may do to the host. */
export interface SourceHost {
  readonly hostId: string;
  /** Of the host's node. */
  readonly nodeId: string;
  readonly tid: string;
  /** The host's whole graph, to be read. */
  readonly graph: GraphView;
  /** What the source sees now. Elements of its last picture that are not in this one go. */
  show(picture: Picture): void;
  /** Told of changes of the host's graph, a turn at a time, until this run ends. */
  onGraph(listener: (events: readonly GraphEvent[]) => void): void;
  /** The namespaces that can be entered, the probe's own (null) among them, by the node that stands for them. */
  namespaces(): Iterable<{ readonly nodeId: string; readonly entry: string | null }>;
  /** Whether the node is an interface of the kernel. */
  isInterface(nodeId: string): boolean;
  /** Tells when the descriptor can be read, until removed (`probe/linux/readiness.ts`). Throws LinuxError. */
  watch(fd: number, onReadable: () => void): Watched;
  /** Something that was not understood or had to be left out. Logged the first time in a run, counted each time. */
  complain(text: string): void;
}

export interface Picture {
  /** Owners before what they own. */
  readonly nodes: readonly OwnNode[];
  /** Ends may be missing: the edge is made when both are there. */
  readonly edges: readonly OwnEdge[];
  /** Keys over the metadata of nodes of others; written when such a node is there. */
  readonly keys: ReadonlyMap<string, Metadata>;
}

export interface OwnNode {
  readonly id: string;
  /** With Name and Type; the TID is added unless it is there. */
  readonly metadata: Metadata;
  readonly owner: Owner;
}

export type Owner =
  /** Also the host's. */
  | { readonly kind: 'node'; readonly id: string }
  | { readonly kind: 'nobody' }
  /** The network namespace of this file, which is discovered for it; the host's node when it is the probe's own. */
  | { readonly kind: 'netns'; readonly path: string; readonly label: NamespaceLabel };

export interface OwnEdge {
  readonly parent: string;
  readonly child: string;
  readonly metadata: EdgeMetadata;
}

/** The other side answered what it should not have: truncated, too large, of the wrong type. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
