/**
 * What Skydive's agents are asked beyond their graph, in one place: captures, packet injections, and flows of their tables. Each message of
 * theirs that is none of the graph's goes to whom it answers.
 */
import type { GraphNode } from '../../core/graph/element.ts';
import type { InjectionReport } from '../../core/injection/injection.ts';
import { AgentInjections, INJECTION_NAMESPACE } from './agent-injections.ts';
import { AgentOrders, CAPTURE_NAMESPACE, type AgentOrderCounter } from './agent-orders.ts';
import { AgentTables, TABLE_NAMESPACE } from './agent-tables.ts';
import type { FabricGraph } from './fabric-graph.ts';
import type { AgentPeer, GraphClients } from './graph-clients.ts';

interface Surroundings {
  readonly fabric: FabricGraph;
  /** Not there yet when this is made: it is given this object. */
  readonly clients: () => GraphClients;
  /** Whether the host has a probe of our own. */
  readonly isTaken: (hostId: string) => boolean;
  /** An agent told something of its graph. */
  readonly told: () => void;
  readonly report: (host: string, report: InjectionReport) => void;
  readonly count: (name: AgentOrderCounter) => void;
}

export class TopologyAgents implements AgentPeer {
  readonly orders: AgentOrders;
  readonly injections: AgentInjections;
  readonly tables: AgentTables;
  readonly isTaken: (hostId: string) => boolean;
  readonly told: () => void;

  constructor({ fabric, clients, isTaken, told, report, count }: Surroundings) {
    this.isTaken = isTaken;
    this.told = told;
    const agents = () => clients().agents();
    const send = (socket: WebSocket, namespace: string, type: string, obj: string): void =>
      clients().order(socket, namespace, type, obj);
    const nodesOf = (hostId: string): GraphNode[] =>
      [...fabric.owned(`agent.${hostId}`).nodes].flatMap((id) => fabric.graph.node(id) ?? []);
    this.orders = new AgentOrders({ agents, nodesOf, send, count });
    this.injections = new AgentInjections({ agents, send, report });
    this.tables = new AgentTables(agents, (socket, namespace, type, uuid, obj) =>
      clients().ask(socket, { namespace, type, uuid, status: 200 }, obj),
    );
    fabric.listen((events) => this.injections.follow(events));
  }

  answered(...[socket, envelope]: Parameters<AgentPeer['answered']>): boolean {
    const { namespace, type, uuid, status, obj, bytes } = envelope;
    if (namespace === CAPTURE_NAMESPACE) this.orders.answered(socket, type, status, obj);
    else if (namespace === INJECTION_NAMESPACE) this.injections.answered(type, status, obj);
    else if (namespace === TABLE_NAMESPACE) this.tables.answered(uuid, status, obj, bytes);
    else return false;
    return true;
  }
}
