/**
 * Routes and their rules, neighbours and forwarding entries of one namespace. They may be a million and change a thousand times a
 * second, so events are only the hint that something changed: after it, and at most every `timings.tablesUpdateMs`,
 * everything is read anew, up to `limits.tableEntriesMax` of each, on a socket made for it (a reading that is cut
 * off leaves an unfinished answer behind). Meanwhile hints are not listened to.
 */
import type { Json, Metadata } from '../../core/graph/element.ts';
import { limits, timings } from '../../core/limits.ts';
import { errnoError } from '../linux/linux-error.ts';
import { NetlinkSocket } from '../linux/netlink-socket.ts';
import { inNetns } from '../linux/netns.ts';
import type { Readiness, Watched } from '../linux/readiness.ts';
import { errnoOf, NLMSG_DONE, NLMSG_ERROR, readMessages, type NetlinkMessage } from './rtnetlink/netlink.ts';
import {
  AF_BRIDGE,
  AF_UNSPEC,
  parseNeighbour,
  requestNeighbours,
  RTM_NEWNEIGH,
  type Neighbour,
} from './rtnetlink/neighbour.ts';
import { parseRoute, requestRoutes, RTM_NEWROUTE, type Route } from './rtnetlink/route.ts';
import { parseRule, requestRules, RTM_NEWRULE, type Rule } from './rtnetlink/rule.ts';
import { routingRules } from './rule-metadata.ts';
import { tableMetadata } from './table-metadata.ts';

const group = (number: number): number => 2 ** (number - 1);
/** RTNLGRP_NEIGH, IPV4_ROUTE, IPV4_RULE, IPV6_ROUTE, IPV6_RULE. */
const GROUPS = group(3) + group(7) + group(8) + group(11) + group(19);
/** A reading that takes long is repeated seldom: it may cost this part of the time. */
const TIME_SHARE = 1 / 50;

const EOPNOTSUPP = 95;

export interface Tables {
  /** Metadata of the interfaces that have any, by index. */
  readonly byIndex: ReadonlyMap<number, Metadata>;
  /** `RoutingRules` of the whole namespace; undefined = nothing but what every namespace has. */
  readonly rules: Json | undefined;
}

export interface TableEvents {
  readonly onTables: (tables: Tables) => void;
  readonly onFailure: (error: unknown) => void;
}

export class TableReader {
  readonly #path: string | null;
  readonly #readiness: Readiness;
  readonly #events: TableEvents;
  readonly #counters: { tableEntriesCut: number };
  readonly #hints: NetlinkSocket;
  #watched: Watched | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** The first `read` is the caller's. Throws LinuxError. */
  constructor(
    path: string | null,
    readiness: Readiness,
    events: TableEvents,
    counters: { tableEntriesCut: number },
  ) {
    this.#path = path;
    this.#readiness = readiness;
    this.#events = events;
    this.#counters = counters;
    this.#hints = inNetns(path, () => new NetlinkSocket(GROUPS));
    try {
      this.#listen();
    } catch (error) {
      this.#hints.close();
      throw error;
    }
  }

  /** Something that is not announced may have changed: the kernel drops IPv4 routes of a link that goes down in silence. */
  hint(): void {
    this.#readLater(timings.tablesUpdateMs);
  }

  /** Reads everything now. Throws LinuxError. */
  read(): void {
    const started = performance.now();
    const { routes, neighbours, rules } = inNetns(this.#path, () => this.#readAll());
    const { byIndex, cut } = tableMetadata(routes, neighbours);
    const shownRules = routingRules(rules);
    if (cut || shownRules.cut) this.#counters.tableEntriesCut++;
    this.#events.onTables({ byIndex, rules: shownRules.rules });
    const tookMs = performance.now() - started;
    if (tookMs / TIME_SHARE > timings.tablesUpdateMs) this.#readLater(tookMs / TIME_SHARE);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watched?.remove();
    this.#hints.close();
  }

  #listen(): void {
    this.#watched ??= this.#readiness.add(this.#hints.fd, () => this.hint());
  }

  /** No listening until then: what comes meanwhile is read with the rest. */
  #readLater(delayMs: number): void {
    this.#watched?.remove();
    this.#watched = undefined;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#drain();
        this.read();
        if (this.#timer === undefined) this.#listen();
      } catch (error) {
        this.#events.onFailure(error);
      }
    }, delayMs);
  }

  /** Before the reading, so that what changes during it is a hint again. An overrun lost hints only. */
  #drain(): void {
    for (let count = 0; count < limits.tableEntriesMax; count++)
      if (this.#hints.receive().kind === 'empty') return;
  }

  #readAll(): { routes: Route[]; neighbours: Neighbour[]; rules: Rule[] } {
    const rules: Rule[] = [];
    const routes: Route[] = [];
    const neighbours: Neighbour[] = [];
    const takeNeighbour = (message: NetlinkMessage): void => {
      const neighbour = message.type === RTM_NEWNEIGH ? parseNeighbour(message) : undefined;
      if (neighbour !== undefined) neighbours.push(neighbour);
    };
    this.#dump(requestRoutes(1), (message) => {
      const route = message.type === RTM_NEWROUTE ? parseRoute(message) : undefined;
      if (route !== undefined) routes.push(route);
    });
    this.#dump(requestRules(1), (message) => {
      const rule = message.type === RTM_NEWRULE ? parseRule(message) : undefined;
      if (rule !== undefined) rules.push(rule);
    });
    this.#dump(requestNeighbours(1, AF_UNSPEC), takeNeighbour);
    this.#dump(requestNeighbours(1, AF_BRIDGE), takeNeighbour);
    return { routes, neighbours, rules };
  }

  #dump(request: Uint8Array, take: (message: NetlinkMessage) => void): void {
    const socket = new NetlinkSocket(0);
    try {
      socket.send(request);
      for (let entries = 0; ;) {
        const received = socket.receive();
        if (received.kind !== 'bytes') return;
        for (const message of readMessages(received.bytes)) {
          if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
            // A kernel without IPv6, bridges or routing tables has nothing to tell of them.
            if (errnoOf(message) > 0 && errnoOf(message) !== EOPNOTSUPP)
              throw errnoError(errnoOf(message), 'netlink', 'dump');
            return;
          }
          if (entries++ >= limits.tableEntriesMax) {
            this.#counters.tableEntriesCut++;
            return;
          }
          take(message);
        }
      }
    } finally {
      socket.close();
    }
  }
}
