import { describe, expect, it } from 'vitest';
import { ExportStatus } from '../../../core/exporter/datagram.ts';
import { decodeSflow, type SflowCounters } from '../../../core/exporter/sflow.ts';
import { Bytes } from './bytes.ts';

function sinkOf() {
  const packets: { first: number; length: number; wireLength: number; linkType: number }[] = [];
  const counters: { ifIndex: number; values: SflowCounters }[] = [];
  return {
    packets,
    counters,
    sink: {
      packet: (bytes: Uint8Array, at: number, length: number, wireLength: number, linkType: number) =>
        void packets.push({ first: bytes[at]!, length, wireLength, linkType }),
      counters: (ifIndex: number, _format: number, values: SflowCounters) =>
        void counters.push({ ifIndex, values }),
    },
  };
}

/** version, IPv4 agent 10.0.0.9, sub agent, sequence, uptime, count */
const header = (samples: number) => new Bytes().u32(5, 1, 0x0a000009, 0, 1, 1000, samples);

/** Raw packet header record: Ethernet, 1518 bytes on the wire, 4 of them (FCS) stripped, 16 shown. */
function rawRecord(): Bytes {
  const body = new Bytes().u32(1, 1518, 4, 16).u8(0xaa, ...Array.from({ length: 15 }, () => 0));
  return new Bytes().u32(1, body.length).add(body);
}

function flowSample(...records: Bytes[]): Bytes {
  const body = new Bytes().u32(1, 3, 400, 4000, 0, 1, 2, records.length);
  for (const record of records) body.add(record);
  return new Bytes().u32(1, body.length).add(body);
}

describe('decodeSflow', () => {
  it('gives a sampled packet with its length on the wire minus what was stripped', () => {
    const { sink, packets } = sinkOf();
    const result = decodeSflow(header(1).add(flowSample(rawRecord())).done(), sink);
    expect(result).toEqual({ status: ExportStatus.ok, samples: 1, skipped: 0 });
    expect(packets).toEqual([{ first: 0xaa, length: 16, wireLength: 1514, linkType: 1 }]);
  });

  it('skips records and samples of other kinds and goes on behind them', () => {
    const { sink, packets } = sinkOf();
    const extendedSwitch = new Bytes().u32(1001, 16).u32(1, 0, 1, 0);
    const vendor = new Bytes().u32(0x00abc001, 4).u32(7);
    const datagram = header(2).add(vendor).add(flowSample(extendedSwitch, rawRecord())).done();
    expect(decodeSflow(datagram, sink)).toEqual({ status: ExportStatus.ok, samples: 2, skipped: 2 });
    expect(packets).toHaveLength(1);
  });

  it('reads expanded samples and interface counters', () => {
    const { sink, packets, counters } = sinkOf();
    const expanded = new Bytes().u32(1, 0, 3, 400, 4000, 0, 0, 1, 0, 2, 1).add(rawRecord());
    const generic = new Bytes().u32(7, 6).u64(1e9).u32(1, 3).u64(5_000_000_000).u32(11, 12, 13, 14, 15, 16);
    generic.u64(77).u32(21, 22, 23, 24, 25, 0);
    const counterSample = new Bytes().u32(2, 7, 1).u32(1, generic.length).add(generic);
    const datagram = header(2)
      .add(new Bytes().u32(3, expanded.length).add(expanded))
      .add(new Bytes().u32(2, counterSample.length).add(counterSample))
      .done();
    expect(decodeSflow(datagram, sink).status).toBe(ExportStatus.ok);
    expect(packets).toHaveLength(1);
    expect(counters).toEqual([
      {
        ifIndex: 7,
        values: {
          IfInOctets: 5_000_000_000,
          IfInUcastPkts: 11,
          IfInMulticastPkts: 12,
          IfInBroadcastPkts: 13,
          IfInDiscards: 14,
          IfInErrors: 15,
          IfInUnknownProtos: 16,
          IfOutOctets: 77,
          IfOutUcastPkts: 21,
          IfOutMulticastPkts: 22,
          IfOutBroadcastPkts: 23,
          IfOutDiscards: 24,
          IfOutErrors: 25,
        },
      },
    ]);
  });

  it('keeps the samples before a cut and names the reason, whatever the length of the cut', () => {
    const whole = header(2).add(flowSample(rawRecord())).add(flowSample(rawRecord())).done();
    for (let length = 0; length < whole.length; length++) {
      const { sink, packets } = sinkOf();
      const result = decodeSflow(whole.subarray(0, length), sink);
      expect(result.status).not.toBe(ExportStatus.ok);
      expect(packets.length).toBe(result.samples);
    }
  });

  it('refuses another version', () => {
    const { sink } = sinkOf();
    expect(decodeSflow(new Bytes().u32(4, 1, 1, 1, 1, 1, 1).done(), sink).status).toBe(ExportStatus.version);
  });
});
