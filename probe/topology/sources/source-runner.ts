/**
 * Keeps one source going: waits for the place where it is found, lets it follow, and when that ends starts it again
 * after ever longer waits. What the source showed stays meanwhile, because a switch forwards on without its database
 * and containers outlive their engine; it is taken back when there was no contact for `timings.sourceForgetMs`.
 */
import { existsSync } from 'node:fs';
import type { GraphEvent, Json } from '../../../core/graph/element.ts';
import { messageOf } from '../../../core/errors.ts';
import { timings } from '../../../core/limits.ts';
import { Backoff, type FailureKind } from '../../link/backoff.ts';
import { errorCodeOf, LinuxError } from '../../linux/linux-error.ts';
import type { Readiness } from '../../linux/readiness.ts';
import type { HostGraph } from '../host-graph.ts';
import type { InterfaceGraph } from '../interface-graph.ts';
import type { NamespaceSet } from '../namespace-set.ts';
import type { NamespaceOwner, NetnsFiles } from '../netns-files.ts';
import type { SourceName } from './settings.ts';
import { SourceElements } from './source-elements.ts';
import type { Picture, SourceHost, TopologySource } from './source.ts';

export interface RunnerOptions {
  readonly name: SourceName;
  readonly source: TopologySource;
  /** Files one of which must be there before it is worth trying; empty = always. */
  readonly places: readonly string[];
  /** Somebody asked for it by name: that it waits for its place is worth a line in the log. */
  readonly isAsked: boolean;
  readonly hostId: string;
  readonly hostNode: NamespaceOwner;
  readonly graph: HostGraph;
  /** undefined: this host has no netlink; then there are no namespaces and interfaces. */
  readonly files: NetnsFiles | undefined;
  readonly namespaces: NamespaceSet | undefined;
  readonly readiness: Readiness | undefined;
  readonly interfaces: InterfaceGraph;
  readonly log: (line: string) => void;
}

type State = 'waiting' | 'connecting' | 'running' | 'error' | 'stopped';

export class SourceRunner {
  readonly #options: RunnerOptions;
  readonly #elements: SourceElements;
  readonly #backoff = new Backoff();
  readonly #stopped = new AbortController();
  #state: State = 'stopped';
  #lastError: string | null = null;
  #failures = 0;
  #complaints = 0;
  /** The last failure that was logged; another like it is not. Reset by contact. */
  #logged = '';
  #connectedAtMs: number | undefined;
  #forget: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #listener: ((events: readonly GraphEvent[]) => void) | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#elements = new SourceElements(options.graph, options.files, options.hostNode);
  }

  get name(): SourceName {
    return this.#options.name;
  }

  start(): void {
    this.#attempt();
  }

  /** The graph stays as it was. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#forget);
    this.#state = 'stopped';
  }

  graphChanged(events: readonly GraphEvent[]): void {
    this.#elements.graphChanged(events);
    this.#listener?.(events);
  }

  status(): Record<string, Json> {
    return {
      state: this.#state,
      lastError: this.#lastError,
      failures: this.#failures,
      complaints: this.#complaints,
      nodes: this.#elements.nodeCount,
      places: this.#options.places,
      ...this.#options.source.status?.(),
    };
  }

  #attempt(): void {
    if (this.#stopped.signal.aborted) return;
    const { name, places, isAsked } = this.#options;
    if (places.length > 0 && !places.some((place) => existsSync(place))) {
      if (isAsked && this.#state === 'stopped') this.#say(`${name} waits for ${places.join(', ')}`);
      this.#state = 'waiting';
      this.#again(timings.sourceLookMs);
      return;
    }
    this.#state = 'connecting';
    void this.#run();
  }

  async #run(): Promise<void> {
    const run = new AbortController();
    const end = (): void => run.abort();
    this.#stopped.signal.addEventListener('abort', end);
    try {
      await this.#options.source.follow(this.#hostFor(run.signal), run.signal);
      if (!this.#stopped.signal.aborted) this.#failed(new Error('ended without a reason'));
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#failed(error);
    } finally {
      // Whatever the run left behind must not speak for the next one.
      run.abort();
      this.#stopped.signal.removeEventListener('abort', end);
      this.#listener = undefined;
    }
  }

  #hostFor(signal: AbortSignal): SourceHost {
    const { hostId, hostNode, graph, namespaces, readiness, interfaces } = this.#options;
    const complained = new Set<string>();
    return {
      hostId,
      nodeId: hostNode.nodeId,
      tid: hostNode.tid,
      graph: graph.graph,
      show: (picture) => {
        if (!signal.aborted) this.#show(picture);
      },
      onGraph: (listener) => {
        if (!signal.aborted) this.#listener = listener;
      },
      namespaces: () => namespaces?.entries() ?? [],
      isInterface: (nodeId) => interfaces.interfaceOf(nodeId) !== undefined,
      watch: (fd, onReadable) => {
        if (readiness === undefined) throw new LinuxError('KOFFI', 'load', 'sockets cannot be watched here');
        return readiness.add(fd, onReadable);
      },
      complain: (text) => {
        this.#complaints++;
        this.#lastError = text;
        if (complained.size >= COMPLAINTS_LOGGED_MAX || complained.has(text)) return;
        complained.add(text);
        this.#say(`${this.name}: ${text}`);
      },
    };
  }

  #show(picture: Picture): void {
    if (this.#connectedAtMs === undefined) {
      this.#connectedAtMs = Date.now();
      this.#state = 'running';
      this.#logged = '';
      clearTimeout(this.#forget);
      this.#forget = undefined;
      this.#say(`${this.name} is followed`);
    }
    this.#elements.show(picture);
  }

  #failed(error: unknown): void {
    this.#state = 'error';
    this.#failures++;
    this.#lastError = messageOf(error);
    if (this.#connectedAtMs !== undefined) this.#backoff.worked(Date.now() - this.#connectedAtMs);
    this.#connectedAtMs = undefined;
    if (this.#logged !== this.#lastError) {
      this.#logged = this.#lastError;
      this.#say(`${this.name}: ${this.#lastError}; trying again`);
    }
    this.#forget ??= setTimeout(() => this.#elements.clear(), timings.sourceForgetMs);
    this.#again(this.#backoff.next(kindOf(error)));
  }

  #again(afterMs: number): void {
    this.#timer = setTimeout(() => this.#attempt(), afterMs);
  }

  #say(text: string): void {
    this.#options.log(`topology: ${text}`);
  }
}

/** Different complaints of one run that are logged; all are counted. */
const COMPLAINTS_LOGGED_MAX = 8;

function kindOf(error: unknown): FailureKind {
  const code = errorCodeOf(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'KOFFI') return 'refused';
  return code === 'ECONNREFUSED' || code === 'ENOENT' ? 'closed' : 'failed';
}
