/**
 * Keeps a `NamespaceTable` true: one netlink socket in the namespace gives both the full readings and the events.
 * The kernel produces answers while we read them, so every request here is a synchronous exchange (301 interfaces:
 * a few ms) and what arrives between its parts is an event, applied in its place.
 *
 * Lost events (the socket's buffer was full) lead to a full reading and are counted. Anything else that goes wrong
 * is thrown by the call, or handed to `onFailure` when it happened on an event; the reader is useless then.
 */
import { NetlinkSocket } from '../linux/netlink-socket.ts';
import { inNetns } from '../linux/netns.ts';
import type { Readiness, Watched } from '../linux/readiness.ts';
import { errnoError, LinuxError } from '../linux/linux-error.ts';
import { NamespaceTable } from './namespace-table.ts';
import { requestAddresses } from './rtnetlink/address.ts';
import { requestBridgePorts } from './rtnetlink/bridge-port.ts';
import { requestLinks } from './rtnetlink/link.ts';
import {
  errnoOf,
  NLM_F_DUMP_INTR,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  readMessages,
  type NetlinkMessage,
} from './rtnetlink/netlink.ts';
import { parseNetnsId, requestNetnsId, RTM_DELNSID, RTM_NEWNSID } from './rtnetlink/netns-id.ts';

const group = (number: number): number => 2 ** (number - 1);
/** RTNLGRP_LINK, IPV4_IFADDR, IPV6_IFADDR, NSID. */
const GROUPS = group(1) + group(5) + group(9) + group(28);

/** Datagrams taken per turn of the event loop, so that a storm in one namespace does not starve the rest. */
const DATAGRAMS_PER_TURN = 256;
/** A reading during which the kernel's lists changed, or events were lost, is done again up to this often. */
const READINGS_MAX = 5;

export interface ReaderEvents {
  /** The table, or the numbers of namespaces, may have changed. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface ReaderCounters {
  messages: number;
  readings: number;
  overruns: number;
}

export class NamespaceReader {
  readonly table = new NamespaceTable();
  readonly #socket: NetlinkSocket;
  readonly #watched: Watched;
  readonly #events: ReaderEvents;
  readonly #counters: ReaderCounters;
  /** Other namespaces' numbers here, by their key; undefined = has none. */
  readonly #netnsIds = new Map<string, number | undefined>();
  readonly #netnsKeys = new Map<number, string>();
  #sequence = 0;
  #lost = false;
  #isClosed = false;
  #isAnnounced = false;

  /**
   * Opens the socket in the namespace of this file (null = the probe's own). `read` fills the table.
   * Throws LinuxError: see `inNetns`, `NetlinkSocket`.
   */
  constructor(path: string | null, readiness: Readiness, events: ReaderEvents, counters: ReaderCounters) {
    this.#events = events;
    this.#counters = counters;
    this.#socket = inNetns(path, () => new NetlinkSocket(GROUPS));
    try {
      this.#watched = readiness.add(this.#socket.fd, () => this.#onReadable());
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** For ioctls in this namespace. */
  get socketFd(): number {
    return this.#socket.fd;
  }

  /** Reads every interface, port of a bridge and address. Throws LinuxError. */
  read(): void {
    for (let attempt = 1; attempt <= READINGS_MAX; attempt++) {
      this.#counters.readings++;
      this.#lost = false;
      this.table.beginReading();
      const links = this.#exchange(requestLinks(++this.#sequence));
      const ports = this.#exchange(requestBridgePorts(++this.#sequence));
      const addresses = this.#exchange(requestAddresses(++this.#sequence));
      if (links && ports && addresses && !this.#lost) break;
      // A list that kept changing: the last reading stands, events and the next reading mend it.
    }
    this.table.endReading();
  }

  /** Reads one interface; one that is gone is deleted from the table. Throws LinuxError. */
  refresh(index: number): void {
    try {
      this.#exchange(requestLinks(++this.#sequence, index));
    } catch (error) {
      if (!(error instanceof LinuxError) || error.code !== 'ENODEV') throw error;
      this.table.deleteLink(index);
    }
  }

  /** The number that this namespace gives another, known by key and open file. undefined = none. */
  netnsIdOf(key: string, namespaceFd: number): number | undefined {
    if (this.#netnsIds.has(key)) return this.#netnsIds.get(key);
    let id: number | undefined;
    this.#exchange(requestNetnsId(++this.#sequence, namespaceFd), (message) => {
      if (message.type === RTM_NEWNSID) id = parseNetnsId(message);
    });
    this.#netnsIds.set(key, id);
    if (id !== undefined) this.#netnsKeys.set(id, key);
    return id;
  }

  /** The key of the namespace of this number, as far as `netnsIdOf` has found out. */
  netnsKeyOf(id: number): string | undefined {
    return this.#netnsKeys.get(id);
  }

  forgetNamespace(key: string): void {
    const id = this.#netnsIds.get(key);
    if (id !== undefined) this.#netnsKeys.delete(id);
    this.#netnsIds.delete(key);
  }

  close(): void {
    this.#isClosed = true;
    this.#watched.remove();
    this.#socket.close();
  }

  #onReadable(): void {
    try {
      for (let count = 0; count < DATAGRAMS_PER_TURN; count++) {
        const received = this.#socket.receive();
        if (received.kind === 'empty') break;
        if (received.kind === 'bytes')
          for (const message of readMessages(received.bytes)) this.#event(message);
        else this.#overrun();
      }
      if (this.#lost) this.read();
    } catch (error) {
      this.#events.onFailure(error);
      return;
    }
    this.#events.onChange();
  }

  #overrun(): void {
    this.#lost = true;
    this.#counters.overruns++;
  }

  #event(message: NetlinkMessage): void {
    this.#counters.messages++;
    if (message.type === RTM_NEWNSID) {
      for (const [key, id] of this.#netnsIds) if (id === undefined) this.#netnsIds.delete(key);
    } else if (message.type === RTM_DELNSID) {
      const gone = this.#netnsKeys.get(parseNetnsId(message) ?? -1);
      if (gone !== undefined) this.forgetNamespace(gone);
    } else this.table.apply(message);
  }

  /**
   * Events that an answer brought along are taken from the socket, so that nothing else tells of them; whoever asked may
   * be in the middle of applying earlier ones.
   */
  #announceSoon(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setImmediate(() => {
      this.#isAnnounced = false;
      if (!this.#isClosed) this.#events.onChange();
    });
  }

  /**
   * Sends a request and takes everything up to the end of its answer: its messages to `onAnswer`, others as events.
   * False: the kernel says that the list changed meanwhile. Throws LinuxError with the kernel's errno.
   */
  #exchange(
    request: Uint8Array,
    onAnswer: (message: NetlinkMessage) => void = (message) => this.table.apply(message),
  ): boolean {
    const sequence = this.#sequence;
    this.#socket.send(request);
    let consistent = true;
    for (;;) {
      const received = this.#socket.receive();
      if (received.kind === 'empty') throw new LinuxError('EIO', 'recv', 'netlink answer ended early');
      if (received.kind === 'overrun') {
        this.#overrun();
        continue;
      }
      let ended = false;
      for (const message of readMessages(received.bytes)) {
        // An event made by another's request carries that one's sequence and port.
        if (message.sequence !== sequence || message.port !== this.#socket.port) {
          this.#event(message);
          this.#announceSoon();
          continue;
        }
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) consistent = false;
        const step = answerStep(message);
        if (step !== 'end') onAnswer(message);
        if (step !== 'more') ended = true;
      }
      if (ended) return consistent;
    }
  }
}

/** Whether this message of an answer is the last, or only marks the end. Throws LinuxError with the kernel's errno. */
function answerStep(message: NetlinkMessage): 'more' | 'last' | 'end' {
  if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
    const errno = errnoOf(message);
    if (errno > 0) throw errnoError(errno, 'netlink', `request ${message.sequence}`);
    return 'end';
  }
  return (message.flags & NLM_F_MULTI) === 0 ? 'last' : 'more';
}
