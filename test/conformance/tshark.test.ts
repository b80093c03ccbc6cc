/**
 * tshark's conversation statistics against the sums of our flows: for each pair of addresses, or of addresses and
 * ports, packets and bytes must be equal, for every capture at hand. Where the two count by other rules on purpose,
 * one of the rules below says which part still has to agree.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { FlowTable } from '../../core/flow/table.ts';
import { resultToPcap } from '../../core/wire/gremlin-pcap.ts';
import { FlowProtocol, type Flow } from '../../proto/gen/flow.ts';
import { readCapture } from './flows-case.ts';

interface Sum {
  packets: number;
  bytes: number;
}
const KINDS = ['ip', 'ipv6', 'tcp', 'udp'] as const;
type Kind = (typeof KINDS)[number];
const TITLES: Record<string, Kind> = { IPv4: 'ip', IPv6: 'ipv6', TCP: 'tcp', UDP: 'udp' };

const own = fileURLToPath(new URL('../pcap', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/pcap', import.meta.url));
const directory = existsSync(shared) ? shared : own;
/** Its header names the wrong link type; tshark believes it. */
const MISLABELLED = 'link-type-12.pcap';
const files = readdirSync(directory).filter((name) => name.endsWith('.pcap') && name !== MISLABELLED);
/** A capture of every link type at hand; tshark takes a second for each. */
const rawFiles = [
  ...new Map(
    [...filesIn(join(own, 'random')), ...files.map((name) => join(directory, name))].map((file) => [
      readCapture(file)[0]!.linkType,
      file,
    ]),
  ).values(),
];

function filesIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

function hasTshark(): boolean {
  try {
    execFileSync('tshark', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('skipped: tshark is not installed');
    return false;
  }
}

/** `A <-> B  frames bytes  frames bytes  frames bytes …`; the last pair is the total, bytes in units of the number. */
function conversations(file: string): Record<Kind, Map<string, Sum & { unit: number }>> {
  const tables = KINDS.flatMap((kind) => ['-z', `conv,${kind}`]);
  const text = execFileSync('tshark', ['-r', file, '-q', ...tables], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found = { ip: new Map(), ipv6: new Map(), tcp: new Map(), udp: new Map() };
  let table: Map<string, Sum & { unit: number }> = found.ip;
  for (const line of text.split('\n')) {
    const title = /^(\w+) Conversations/.exec(line)?.[1];
    if (title !== undefined) table = found[TITLES[title]!];
    const match =
      /^(\S+)\s+<->\s+(\S+)\s+\d+ \d+ \w+\s+\d+ \d+ \w+\s+(?<frames>\d+) (?<bytes>\d+) (?<unit>\w+)/.exec(
        line,
      );
    if (match?.groups === undefined) continue;
    const unit = match.groups['unit'] === 'kB' ? 1000 : 1;
    const total = {
      packets: Number(match.groups['frames']),
      bytes: Number(match.groups['bytes']) * unit,
      unit,
    };
    table.set(pairOf(match[1]!, match[2]!), total);
  }
  return found;
}

function pairOf(a: string, b: string): string {
  return [a, b].sort().join(' ');
}

function flowsOf(file: string): Flow[] {
  const tables = new Map<number, FlowTable>();
  for (const packet of readCapture(file)) {
    let table = tables.get(packet.linkType);
    if (table === undefined) {
      table = new FlowTable({ nodeTid: '', captureId: '', linkType: packet.linkType });
      tables.set(packet.linkType, table);
    }
    const { bytes, wireLength, timeMs, subMsNs } = packet;
    table.feed(bytes, 0, bytes.length, wireLength, timeMs, subMsNs);
  }
  return [...tables.values()].flatMap((table) => table.snapshot());
}

function pairsOf(flow: Flow): [Kind, string][] {
  const { Network: network, Transport: transport } = flow;
  if (network === undefined) return [];
  const pairs: [Kind, string][] = [
    [network.Protocol === FlowProtocol.IPV4 ? 'ip' : 'ipv6', pairOf(network.A, network.B)],
  ];
  if (transport?.Protocol === FlowProtocol.TCP || transport?.Protocol === FlowProtocol.UDP) {
    const ports = pairOf(`${network.A}:${transport.A}`, `${network.B}:${transport.B}`);
    pairs.push([transport.Protocol === FlowProtocol.TCP ? 'tcp' : 'udp', ports]);
  }
  return pairs;
}

/** Inside a tunnel tshark counts whole frames, we what is left behind the outer headers; a cooked frame counts by its IP length. */
const countsInnerBytes = (flow: Flow) => flow.ParentUUID !== '' || !flow.LayersPath.startsWith('Ethernet');
/** Of one VXLAN or Geneve tunnel only its network and destination port make a flow, tshark tells source ports apart. */
const joinsSourcePorts = (flow: Flow) => /(VXLAN|Geneve)$/.test(flow.LayersPath);
/** An address inside an address is no flow of its own here. */
const holdsAnotherAddress = (flow: Flow) => /IPv[46]\/IPv[46]/.test(flow.LayersPath);
/** tshark puts IPv6 fragments together and counts the datagram with its last one. */
const isReassembled = (flow: Flow) => flow.LayersPath.endsWith('IPv6Fragment/Fragment');
/** tshark does not look for VXLAN on port 8472. */
const isInsideUnknownTunnel = (flow: Flow, flows: readonly Flow[]) =>
  flows.some(({ UUID, Transport }) => UUID === flow.ParentUUID && Transport?.B === 8472);

const hasIt = hasTshark();

describe.skipIf(!hasIt)('sums of flows and the conversations of tshark', () => {
  it('finds captures', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  it.each(files)('%s', (name) => {
    const file = join(directory, name);
    const flows = flowsOf(file);
    const all = conversations(file);
    for (const kind of KINDS) {
      const theirs = all[kind];
      const ours = new Map<string, Flow[]>();
      for (const flow of flows)
        for (const [of, pair] of pairsOf(flow))
          if (of === kind) ours.set(pair, [...(ours.get(pair) ?? []), flow]);
      // Transport conversations inside an inner address belong to flows of the outer one.
      const isDouble = flows.some(holdsAnotherAddress);
      const isJoined = kind === 'udp' && flows.some(joinsSourcePorts);
      const isFragmented = flows.some(isReassembled);
      for (const pair of new Set([...theirs.keys(), ...ours.keys()])) {
        const mine = ours.get(pair) ?? [];
        if (mine.some((flow) => isInsideUnknownTunnel(flow, flows))) continue;
        if (isDouble && (mine.length === 0 || kind === 'udp')) continue;
        if (isJoined && (mine.length === 0 || mine.some(joinsSourcePorts))) continue;
        if (isFragmented && (mine.length === 0 || mine.some(isReassembled))) continue;
        expect(total(mine, theirs.get(pair)?.unit ?? 1), `${kind} ${pair}`).toEqual(
          wanted(theirs.get(pair), mine.some(countsInnerBytes) ? total(mine, 1).bytes : undefined),
        );
      }
    }
  });
});

/**
 * What tshark finds in each frame of a file, in any order: to the TCP header, because what it sees behind depends on
 * other packets, and without the name that it has for one way of saying that IP comes first.
 */
function protocolsOf(file: string): string[] {
  const text = execFileSync('tshark', ['-r', file, '-T', 'fields', '-e', 'frame.protocols'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text
    .trimEnd()
    .split('\n')
    .map((protocols) => protocols.replace(/^raw:/, '').replace(/:tcp:.*/, ':tcp'))
    .sort();
}

describe.skipIf(!hasIt)('raw packets as a capture file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-raw-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(rawFiles.map((file) => [basename(file), file]))('hold what tshark finds in %s', (name, file) => {
    const packets = readCapture(file);
    const { linkType } = packets[0]!;
    const table = new FlowTable({ nodeTid: '', captureId: '', linkType, rawPacketLimit: packets.length });
    for (const { bytes, wireLength, timeMs, subMsNs } of packets)
      table.feed(bytes, 0, bytes.length, wireLength, timeMs, subMsNs);
    // Inside tunnels packets begin somewhere else.
    const outermost = table.snapshot().filter(({ ParentUUID }) => ParentUUID === '');
    const kept = outermost.flatMap(({ LastRawPackets }) => LastRawPackets);
    const out = join(folder, name);
    writeFileSync(out, resultToPcap({ kind: 'packets', packets: new Map([['all', kept]]) }));
    if (table.counters.packetsIgnored === 0) expect(protocolsOf(out)).toEqual(protocolsOf(file));
    else expect(protocolsOf(file)).toEqual(expect.arrayContaining(protocolsOf(out)));
  });
});

/** Bytes as tshark prints them: in whole units. */
function total(flows: readonly Flow[], unit: number): Sum {
  const sum = { packets: 0, bytes: 0 };
  for (const { Metric: metric } of flows) {
    sum.packets += metric!.ABPackets + metric!.BAPackets;
    sum.bytes += metric!.ABBytes + metric!.BABytes;
  }
  return { packets: sum.packets, bytes: Math.floor(sum.bytes / unit) * unit };
}

function wanted(theirs: Sum | undefined, bytesOfOurs: number | undefined): Sum {
  return { packets: theirs?.packets ?? 0, bytes: bytesOfOurs ?? theirs?.bytes ?? 0 };
}
