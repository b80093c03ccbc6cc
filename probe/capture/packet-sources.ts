/**
 * The ways of capturing packets that this host has, by capture type: mapped rings, libpcap, and for captures without a
 * type the rings, or libpcap where there are none.
 */
import { messageOf } from '../../core/errors.ts';
import type { Pace } from '../link/flow-link.ts';
import type { Log } from '../log.ts';
import { ANY_TYPE } from './capture-plan.ts';
import type { CaptureSource, FlowSink } from './capture-source.ts';
import { PcapSource } from './pcap-source.ts';
import { PreferredSource } from './preferred-source.ts';
import { RingSource } from './ring/ring-source.ts';

export interface PacketSourcesOptions {
  readonly sink: FlowSink;
  readonly pace: Pace;
  readonly log: Log;
}

export interface PacketSources {
  readonly sources: Map<string, CaptureSource>;
  /** Starts what the first capture will need; says in the log what cannot be had. Never rejects. */
  warmUp(): Promise<void>;
}

export function packetSources(options: PacketSourcesOptions): PacketSources {
  const { log } = options;
  const rings = new RingSource(options);
  const pcap = new PcapSource(options);
  const afpacket = { type: 'afpacket', source: rings };
  const sources = new Map<string, CaptureSource>([
    ['afpacket', rings],
    ['pcap', pcap],
    [ANY_TYPE, new PreferredSource(afpacket, { type: 'pcap', source: pcap }, log)],
  ]);
  const warmUp = async () => {
    try {
      await rings.warmUp();
      return;
    } catch (error) {
      log.warn(`${messageOf(error)}; captures without a type are of type pcap`);
    }
    try {
      await pcap.warmUp();
    } catch (error) {
      log.warn(`no packets can be captured: ${messageOf(error)}`);
    }
  };
  return { sources, warmUp };
}
