/** Packets that nodes are to send, and how far each has come. */
import type { PacketInjection, PacketInjectionRequest } from '../../../core/api/operations.ts';
import { INJECTION_MODES, INJECTION_TYPES } from '../../../core/injection/injection.ts';
import { ask } from '../../link/api.ts';
import type { FieldsOf } from '../../model/manage/fields.ts';
import { entriesOf, faultsOf, type Kind } from './kind.ts';

const fields = {
  Src: { label: 'From (Gremlin)', example: "G.V().Has('Name', 'eth0')", isRequired: true, isWide: true },
  Dst: { label: 'To (Gremlin)', example: "G.V().Has('Name', 'eth1')", isWide: true },
  Type: { label: 'Type', choices: INJECTION_TYPES },
  DstIP: { label: 'To address', example: '10.0.0.2/24' },
  DstPort: { label: 'To port', as: 'number' },
  Count: { label: 'Packets', as: 'number', example: '10' },
  Interval: { label: 'Every (ms)', as: 'number', example: '100' },
  SrcIP: { label: 'From address', example: '10.0.0.1/24', isMore: true },
  SrcMAC: { label: 'From MAC', example: '02:00:00:00:00:01', isMore: true },
  DstMAC: { label: 'To MAC', example: '02:00:00:00:00:02', isMore: true },
  SrcPort: { label: 'From port', as: 'number', isMore: true },
  ICMPID: { label: 'ICMP identifier', as: 'number', isMore: true },
  Mode: { label: 'Identifiers and ports', choices: INJECTION_MODES, isMore: true },
  TTL: { label: 'Time to live (hops)', as: 'number', example: '64', isMore: true },
  Payload: { label: 'Payload', lines: 2, isMore: true },
  IncrementPayload: { label: 'Payload grows by (bytes)', as: 'number', isMore: true },
  StartTime: { label: 'Start (RFC 3339, only kept)', example: '2026-01-31T12:00:00Z', isMore: true },
  Pcap: { label: 'Packets of a capture file instead', as: 'file', isMore: true },
} satisfies FieldsOf<PacketInjectionRequest>;

export const injections: Kind = {
  name: 'Injections',
  one: 'injection',
  object: 'injectpacket',
  columns: ['From', 'To', 'Type', 'State', 'Packets'],
  fields,
  empty: 'Say below which interface is to send packets, and where to.',
  list: async () =>
    entriesOf<PacketInjection>(
      await ask('GET /api/injectpacket', {}),
      (one) => `from ${one.Src}`,
      (one) => [
        one.Src,
        one.Dst || one.DstIP,
        one.Type,
        <State one={one} />,
        <Progress sent={one.PacketCount ?? 0} count={Math.max(1, one.Count)} />,
      ],
    ),
  check: async (body) => faultsOf((await import('../../../core/injection/validate.ts')).readInjection(body)),
  create: async (body) => {
    await ask('POST /api/injectpacket', { body: body as PacketInjectionRequest });
    return 'The injection is on its way.';
  },
  remove: (id) => ask('DELETE /api/injectpacket/{id}', { params: { id } }),
};

function State({ one: { State: state = 'pending', Error: error = '' } }: { readonly one: PacketInjection }) {
  return error === '' ? state : <span class="problem">{`${state}: ${error}`}</span>;
}

/** A capture file has packets of its own number. */
function Progress({ sent, count }: { readonly sent: number; readonly count: number }) {
  return (
    <>
      <progress aria-label="Sent" value={Math.min(sent, count)} max={count} /> {`${sent} of ${count}`}
    </>
  );
}
