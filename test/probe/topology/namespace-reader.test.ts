import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadLibc } from '../../../probe/linux/libc.ts';
import { Readiness } from '../../../probe/linux/readiness.ts';
import { NamespaceReader } from '../../../probe/topology/namespace-reader.ts';
import { eventually, ip, ipLinks, isRoot, tryIp, whyNot } from './live.ts';

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;

describe.skipIf(!isRoot)(`NamespaceReader (${whyNot})`, () => {
  const netns = `tp-r-${process.pid}`;
  const path = `/var/run/netns/${netns}`;
  let readiness: Readiness;
  let reader: NamespaceReader;
  let counters: { messages: number; readings: number; overruns: number };
  let failures: unknown[];
  /** What the table had changed at each word of a change. */
  let announced: number[];

  const agrees = (): void => {
    const links = ipLinks(netns);
    expect(new Set(reader.table.indexes())).toEqual(new Set(links.map((link) => link.ifindex)));
    for (const link of links) {
      expect(reader.table.link(link.ifindex)?.name).toBe(link.ifname);
      const addresses = [
        ...reader.table.addresses(link.ifindex, 4),
        ...reader.table.addresses(link.ifindex, 6),
      ];
      expect(addresses.sort()).toEqual(
        link.addr_info.map((entry) => `${entry.local}/${entry.prefixlen}`).sort(),
      );
    }
  };

  beforeEach(() => {
    ip(`netns add ${netns}`);
    readiness = new Readiness();
    counters = { messages: 0, readings: 0, overruns: 0 };
    failures = [];
    announced = [];
    const events = {
      onChange: (): void => void announced.push(reader.table.takeChanges().links.size),
      onFailure: (error: unknown): void => void failures.push(error),
    };
    reader = new NamespaceReader(path, readiness, events, counters);
    reader.read();
    reader.table.takeChanges();
  });
  afterEach(() => {
    reader.close();
    readiness.close();
    tryIp(`netns del ${netns}`);
  });

  it('follows events in its namespace without reading everything again', async () => {
    ip(`-n ${netns} link add name a type veth peer name b`);
    ip(`-n ${netns} addr add 10.254.1.1/24 dev a`);
    ip(`-n ${netns} link set dev a up`);
    ip(`-n ${netns} link set dev b up`);
    await eventually(agrees);
    ip(`-n ${netns} link del dev a`);
    await eventually(agrees);
    expect(counters).toMatchObject({ readings: 1, overruns: 0 });
    expect(counters.messages).toBeGreaterThan(5);
    expect(failures).toEqual([]);
  });

  it('reads everything again when events were lost, and counts it', async () => {
    // The kernel doubles it and has a least value of about 2 KiB: room for one or two events.
    const least = Buffer.from(Int32Array.of(1).buffer);
    expect(loadLibc().setsockopt(reader.socketFd, SOL_SOCKET, SO_RCVBUF, least, 4)).toBe(0);
    for (let index = 0; index < 10; index++)
      ip(`-n ${netns} link add a${index} type veth peer name b${index}`);
    ip(`-n ${netns} link del a3`);
    ip(`-n ${netns} addr add 10.254.1.1/24 dev b5`);
    await eventually(agrees);
    expect(counters.overruns).toBeGreaterThan(0);
    expect(counters.readings).toBeGreaterThan(1);
    expect(failures).toEqual([]);
  });

  it('tells of events that came with the answer to a question', async () => {
    // Nothing of it is heard before the question: the event loop has had no turn.
    ip(`-n ${netns} link add name a type veth peer name b`);
    const self = openSync('/proc/self/ns/net', 'r');
    reader.netnsIdOf('other', self);
    closeSync(self);
    const asked = counters.messages;
    expect(asked).toBeGreaterThan(0);
    expect(announced).toEqual([]);
    await eventually(() => expect(announced).toContain(2));
    expect(counters.messages).toBe(asked);
  });

  it('reads one interface anew, and takes one that is gone for deleted', () => {
    ip(`-n ${netns} link add name a type veth peer name b`);
    const [index] = ipLinks(netns)
      .filter((link) => link.ifname === 'a')
      .map((link) => link.ifindex);
    reader.refresh(index!);
    expect(reader.table.link(index!)?.name).toBe('a');
    ip(`-n ${netns} link del dev a`);
    reader.refresh(index!);
    expect(reader.table.link(index!)).toBeUndefined();
    reader.refresh(9_999);
  });
});
