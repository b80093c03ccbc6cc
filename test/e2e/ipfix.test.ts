/** Flows that a probe tells a collector by IPFIX, read back by nfdump: the same totals as the analyzer has. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { root, Running } from './harness/process.ts';

const hasNfdump = spawnSync('nfdump', ['-V']).status === 0;
if (!hasNfdump) console.warn('not tested: IPFIX against nfdump, which is missing');

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

describe.skipIf(!hasNfdump)('IPFIX', () => {
  let analyzer: Analyzer;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edgedive-nfcapd-'));
    analyzer = await startEdgedive({ probe: false });
  });
  afterAll(async () => {
    await analyzer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has what the analyzer has, flow by flow and in sum', async () => {
    const port = await freeUdpPort();
    const collector = spawn('nfcapd', ['-b', '127.0.0.1', '-p', `${port}`, '-w', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [collector.stdout, collector.stderr])
      stream.on('data', (text: Buffer) => (said += text.toString()));
    await eventually(() => expect(said).toContain('Startup nfcapd'));
    const files = [
      'dns-records',
      'icmpv4-kinds',
      'ipv6-ext-frag',
      'l2-odd',
      'sctp',
      'vxlan-8472-vlan',
      'igmp-ospf-esp',
    ].map((name) => join(root, 'test/pcap', `${name}.pcap`));
    const args = ['--analyzer', analyzer.address, '--ipfix', `127.0.0.1:${port}`, '--pcap', ...files];
    const probe = Running.task('probe', args, { EDGEDIVE_IPFIX_DOMAIN: '77' });
    expect(await probe.end()).toBe(0);
    const flows =
      await analyzer.query<{ Metric: Record<'ABPackets' | 'ABBytes' | 'BAPackets' | 'BABytes', number> }[]>(
        'G.Flows()',
      );
    expect(flows.length).toBeGreaterThan(20);
    const sum = (names: readonly (keyof (typeof flows)[0]['Metric'])[]): number =>
      flows.reduce((total, { Metric }) => total + names.reduce((all, name) => all + Metric[name], 0), 0);
    collector.kill('SIGTERM');
    await once(collector, 'close');
    expect(said).toMatch(/Observation domain 77 /);
    expect(said).toContain(
      `Flows: ${flows.length}, Packets: ${sum(['ABPackets', 'BAPackets'])}, Bytes: ${sum(['ABBytes', 'BABytes'])}, Sequence Errors: 0, Bad Packets: 0`,
    );
    const listed = execFileSync('nfdump', ['-R', folder, '-q', '-o', 'fmt:%sa,%da,%pr,%dp'], {
      encoding: 'utf8',
    });
    expect(listed.replaceAll(' ', '').split('\n')).toContain('10.1.0.1,10.1.0.2,UDP,53');
  });
});
