/** Sockets of this machine and of a namespace, against what the processes that hold them know. */
import { spawn, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../../../core/graph/element.ts';
import { readSourceSettings } from '../../../../probe/topology/sources/settings.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../../probe/topology/topology.ts';
import { eventually, ip, isRoot, nodeNamed, nodesNamed, tryIp, whyNot } from '../live.ts';

const HOST = 'sock-host';
const NETNS = `so-${process.pid}`;
const TIMEOUT_MS = 10_000;

type Shown = Record<string, Json>;

describe('SocketinfoSource', { timeout: 20_000 }, () => {
  let probe: TopologyProbe;
  let server: Server;
  let client: Socket;
  const udp = createSocket('udp4');
  let port = 0;
  const status = (): Shown => probe.status()['socketinfo'] as Shown;
  const socketsOf = (name: string): Shown[] =>
    (nodeNamed(probe.graph, name).metadata['Sockets'] ?? []) as Shown[];
  const mine = (key: string, value: number): Shown[] =>
    socketsOf(HOST).filter((socket) => socket['Protocol'] === 'TCP' && socket[key] === value);

  beforeAll(async () => {
    server = createServer(() => {});
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    client = connect(port, '127.0.0.1');
    await new Promise((resolve) => client.once('connect', resolve));
    await new Promise<void>((resolve) => void udp.bind(0, '127.0.0.1', resolve));
    probe = createTopologyProbe({
      hostId: HOST,
      ...(isRoot ? {} : { netnsDirs: [] }),
      sources: readSourceSettings('socketinfo=1s'),
      log: () => {},
    });
    await probe.start();
  });
  afterAll(() => {
    probe.stop();
    client.destroy();
    server.close();
    udp.close();
  });

  it('shows what listens and both ends of a connection, with the process', async () => {
    await eventually(() => expect(mine('LocalPort', port)).toHaveLength(2), TIMEOUT_MS);
    const process_ = { Process: realpathSync(process.execPath), Pid: process.pid };
    const at = { LocalAddress: '127.0.0.1', Protocol: 'TCP' };
    const near = (client.address() as AddressInfo).port;
    await eventually(
      () =>
        expect(mine('LocalPort', port)).toEqual([
          expect.objectContaining({
            ...process_,
            ...at,
            RemoteAddress: '0.0.0.0',
            RemotePort: 0,
            State: 'LISTEN',
          }),
          expect.objectContaining({
            ...process_,
            ...at,
            RemoteAddress: '127.0.0.1',
            RemotePort: near,
            State: 'ESTABLISHED',
          }),
        ]),
      TIMEOUT_MS,
    );
    expect(mine('RemotePort', port)).toEqual([
      expect.objectContaining({ ...process_, LocalPort: near, State: 'ESTABLISHED' }),
    ]);
    const [first] = mine('LocalPort', port);
    expect(Object.keys(first!)).toEqual([
      'Process',
      'Pid',
      'Name',
      'LocalAddress',
      'LocalPort',
      'RemoteAddress',
      'RemotePort',
      'Protocol',
      'State',
    ]);
    expect(status()).toMatchObject({ state: 'running', lastError: null, socketsCut: 0 });
  });

  it('shows UDP sockets as what they are', async () => {
    await eventually(
      () =>
        expect(socketsOf(HOST)).toContainEqual(
          expect.objectContaining({
            Protocol: 'UDP',
            LocalPort: udp.address().port,
            State: 'UNCONNECTED',
            Pid: process.pid,
          }),
        ),
      TIMEOUT_MS,
    );
  });

  it('takes back what was closed', async () => {
    const near = (client.address() as AddressInfo).port;
    client.destroy();
    await eventually(() => expect(mine('LocalPort', near)).toEqual([]), TIMEOUT_MS);
  });

  describe.skipIf(!isRoot)(`in a namespace (${whyNot})`, () => {
    let other: ChildProcess;
    beforeAll(() => {
      ip(`netns add ${NETNS}`);
      ip(`-n ${NETNS} link set lo up`);
      const program = 'require("net").createServer().listen(4711, "::")';
      other = spawn('ip', ['netns', 'exec', NETNS, process.execPath, '-e', program], { stdio: 'ignore' });
    });
    afterAll(() => {
      other.kill('SIGKILL');
      tryIp(`netns del ${NETNS}`);
    });

    it('shows its sockets on its node', async () => {
      await eventually(
        () =>
          expect(socketsOf(NETNS)).toEqual([
            {
              Process: realpathSync(process.execPath),
              Pid: other.pid!,
              Name: expect.any(String) as string,
              LocalAddress: '::',
              LocalPort: 4711,
              RemoteAddress: '::',
              RemotePort: 0,
              Protocol: 'TCP',
              State: 'LISTEN',
            },
          ]),
        TIMEOUT_MS,
      );
      expect(socketsOf(HOST).filter((socket) => socket['LocalPort'] === 4711)).toEqual([]);
      expect(nodesNamed(probe.graph, NETNS)).toHaveLength(1);
    });
  });
});
