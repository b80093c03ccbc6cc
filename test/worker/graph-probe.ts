/** A probe that only says what graph its host has: the way any graph gets into the analyzer. */
import { exports } from 'cloudflare:workers';
import { createHello, type InjectionReport, type ToProbe } from '../../proto/gen/probe.ts';
import type { EdgeJson, NodeJson } from '../../core/wire/element-json.ts';
import { analyzerFrame, protocolVersion, readAnalyzerFrame } from '../../core/wire/probe-frames.ts';

const times = { CreatedAt: 1_700_000_000_000, UpdatedAt: 1_700_000_000_000, DeletedAt: null, Revision: 1 };

export function node(host: string, id: string, metadata: NodeJson['Metadata']): NodeJson {
  return { ID: id, Metadata: metadata, Host: host, Origin: `agent.${host}`, ...times };
}

export function edge(host: string, parent: string, child: string, relationType: string): EdgeJson {
  return {
    ...node(host, `${parent}-${child}-${relationType}`, { RelationType: relationType }),
    Parent: parent,
    Child: child,
  };
}

export interface GraphProbe {
  /** Replaces the host's graph; resolves when it is kept. */
  sync(nodes: readonly NodeJson[], edges?: readonly EdgeJson[]): Promise<void>;
  /** The next message from the analyzer that has this member. */
  next<K extends keyof ToProbe>(member: K): Promise<NonNullable<ToProbe[K]>>;
  /** Tells the analyzer about itself. */
  report(json: string): void;
  /** Tells how far an injection has come. */
  injected(injection: InjectionReport): void;
  close(): void;
}

export async function connectGraphProbe(hostId: string): Promise<GraphProbe> {
  const response = await exports.default.fetch('http://localhost/ws/probe/topology', {
    headers: { Upgrade: 'websocket', 'X-Host-ID': hostId },
  });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`no upgrade: ${response.status} ${await response.text()}`);
  const inbox: ToProbe[] = [];
  let wake = (): void => {};
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', (event) => {
    inbox.push(readAnalyzerFrame(new Uint8Array(event.data as ArrayBuffer)));
    wake();
  });
  socket.accept();
  const next: GraphProbe['next'] = async (member) => {
    for (;;) {
      const at = inbox.findIndex((message) => message[member] !== undefined);
      if (at >= 0) return inbox.splice(at, 1)[0]![member]!;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  let sequence = 0;
  const hello = { ...protocolVersion, host_id: hostId, incarnation: 'test', version: '1', clock: Date.now() };
  socket.send(analyzerFrame({ hello: createHello(hello) }));
  await next('welcome');
  return {
    next,
    sync: async (nodes, edges = []) => {
      sequence += 1;
      const texts = (list: readonly unknown[]): string[] => list.map((element) => JSON.stringify(element));
      socket.send(analyzerFrame({ sync: { sequence, nodes: texts(nodes), edges: texts(edges) } }));
      await next('ack');
    },
    report: (json) => {
      socket.send(analyzerFrame({ status: { json } }));
    },
    injected: (injection) => {
      socket.send(analyzerFrame({ injection }));
    },
    close: () => {
      socket.close(1000, 'test ended');
    },
  };
}
