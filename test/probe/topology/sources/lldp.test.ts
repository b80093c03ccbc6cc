/** A real lldpd in a namespace, heard over a veth pair. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GraphNode, Json } from '../../../../core/graph/element.ts';
import { uuidV5 } from '../../../../core/ids.ts';
import { readSourceSettings } from '../../../../probe/topology/sources/settings.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../../probe/topology/topology.ts';
import { eventually, ip, isRoot, layer2Of, nodeNamed, nodesNamed, ownersOf, tryIp } from '../live.ts';
import { hasCommand } from './commands.ts';

const HOST = 'lldp-host';
const NETNS = `ll-${process.pid}`;
const NAME = `ll${process.pid.toString(36)}`;
const SWITCH = `tor-${process.pid}`;
const TIMEOUT_MS = 10_000;

describe.skipIf(!isRoot || !hasCommand('lldpd'))(
  'LldpSource with lldpd (needs root and lldpd)',
  { timeout: 30_000 },
  () => {
    let folder: string;
    let socket: string;
    let daemon: ChildProcess;
    let probe: TopologyProbe;
    const status = (): Record<string, Json> => probe.status()['lldp'] as Record<string, Json>;
    const lldpcli = (...words: string[]): void =>
      void execFileSync('lldpcli', ['-u', socket, ...words], { stdio: 'pipe' });
    const port = (): GraphNode => {
      const found = nodesNamed(probe.graph, 'eth0').find(({ metadata }) => metadata['Type'] === 'switchport');
      if (found === undefined) throw new Error('no switchport eth0');
      return found;
    };

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'edgedive-lldp-'));
      socket = join(folder, 'lldpd.sock');
      // lldpcli asks as a user of its own.
      chmodSync(folder, 0o755);
      ip(`netns add ${NETNS}`);
      ip(`link add ${NAME} type veth peer name eth0 netns ${NETNS}`);
      ip(`link set ${NAME} up`);
      ip(`-n ${NETNS} link set eth0 up`);
      ip(`-n ${NETNS} addr add 192.0.2.77/24 dev eth0`);
      probe = createTopologyProbe({
        hostId: HOST,
        sources: readSourceSettings(`lldp=${NAME}`),
        log: () => {},
      });
      await probe.start();
      daemon = spawn(
        'ip',
        ['netns', 'exec', NETNS, 'lldpd', '-d', '-u', socket, '-C', 'eth0', '-I', 'eth0'],
        {
          stdio: 'ignore',
        },
      );
      // What it is told before it sends its first frame it may forget again.
      await eventually(() => expect(status()['frames']).toBeGreaterThan(0), TIMEOUT_MS);
      lldpcli('configure', 'lldp', 'tx-interval', '1');
      lldpcli('configure', 'system', 'hostname', SWITCH);
    }, 30_000);
    afterAll(async () => {
      probe.stop();
      const gone = new Promise((resolve) => daemon.once('exit', resolve));
      if (daemon.exitCode === null && daemon.kill('SIGTERM')) await gone;
      tryIp(`link del ${NAME}`);
      tryIp(`netns del ${NETNS}`);
      rmSync(folder, { recursive: true, force: true });
    });

    it('shows the switch and the port that it is heard from, joined to the interface', async () => {
      await eventually(() => {
        lldpcli('update');
        expect(nodesNamed(probe.graph, SWITCH)).toHaveLength(1);
      }, TIMEOUT_MS);
      const node = nodeNamed(probe.graph, SWITCH);
      const { address } = (JSON.parse(ip(`-n ${NETNS} -j link show eth0`)) as [{ address: string }])[0];
      expect(node).toMatchObject({
        id: uuidV5(`${SWITCH}/SysName/192.0.2.77/MgmtAddress`),
        metadata: {
          Type: 'switch',
          Probe: 'lldp',
          LLDP: {
            SysName: SWITCH,
            ChassisID: address,
            ChassisIDType: 'MAC Address',
            MgmtAddress: '192.0.2.77',
          },
        },
      });
      expect(port()).toMatchObject({
        id: uuidV5(`${node.id}/${address}/MAC Address`),
        metadata: {
          Probe: 'lldp',
          LLDP: { PortID: address, PortIDType: 'MAC Address', Description: 'eth0' },
        },
      });
      expect(ownersOf(probe.graph, port())).toEqual([SWITCH]);
      expect(layer2Of(probe.graph, port())).toEqual([`eth0>${NAME}`, `${SWITCH}>eth0`]);
      expect(status()).toMatchObject({ state: 'running', neighbours: 1, malformed: 0 });
    });

    it('writes its edge again when the interface was renamed, and none to an interface that was not named', async () => {
      ip(`link set ${NAME} down`);
      ip(`link set ${NAME} name ${NAME}x`);
      await eventually(() =>
        expect(layer2Of(probe.graph, port())).toEqual([`eth0>${NAME}x`, `${SWITCH}>eth0`]),
      );
      ip(`link set ${NAME}x name ${NAME}`);
      ip(`link set ${NAME} up`);
      await eventually(() => expect(layer2Of(probe.graph, port())).toContain(`eth0>${NAME}`));
    });

    it('takes a neighbour back that says goodbye', async () => {
      const gone = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await gone;
      await eventually(() => expect(status()).toMatchObject({ neighbours: 0, nodes: 0 }), TIMEOUT_MS);
      expect(nodesNamed(probe.graph, SWITCH)).toEqual([]);
    });
  },
);
