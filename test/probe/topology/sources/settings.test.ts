/** The text of `--sources`: names, changes, places, and what is wrong with one. */
import { describe, expect, it } from 'vitest';
import {
  readSourceSettings,
  SourceSettingError,
  type SourceSettings,
} from '../../../../probe/topology/sources/settings.ts';

const asText = (settings: SourceSettings): string =>
  [...settings]
    .map(([name, { places, isAsked }]) => `${name}${isAsked ? '!' : ''} ${places.join(' ')}`.trim())
    .join('; ');

describe('readSourceSettings', () => {
  it('follows what costs nothing where it is not there, and nothing else', () => {
    expect(asText(readSourceSettings(undefined))).toBe(
      'docker /var/run/docker.sock; runc /run/containerd/runc /run/runc /run/runc-ctrs; libvirt /run/libvirt/qemu /run/libvirt/lxc; ovsdb /var/run/openvswitch/db.sock',
    );
  });

  it.each([
    ['none', ''],
    ['ovsdb', 'ovsdb! /var/run/openvswitch/db.sock'],
    ['+lldp,-docker,-runc,-libvirt,-ovsdb', 'lldp!'],
    ['docker=unix:///run/podman/podman.sock', 'docker! /run/podman/podman.sock'],
    ['docker=/a.sock', 'docker! /a.sock'],
    ['ovsdb=unix:/a.sock', 'ovsdb! /a.sock'],
    ['ovsdb=tcp://192.0.2.1:6640', 'ovsdb! tcp:192.0.2.1:6640'],
    ['ovsdb=tcp:[2001:db8::1]:6640', 'ovsdb! tcp:[2001:db8::1]:6640'],
    ['runc=/a:/b', 'runc! /a /b'],
    ['lldp=eth0:eth1', 'lldp! eth0 eth1'],
    ['k8s=/root/.kube/config', 'k8s! /root/.kube/config'],
    ['socketinfo', 'socketinfo! 10s'],
    ['socketinfo=1m, lldp', 'socketinfo! 1m; lldp!'],
  ])('reads %s', (text, expected) => {
    expect(asText(readSourceSettings(text))).toBe(expected);
  });

  it.each([
    ['dockerd', 'unsupported probe dockerd; there are docker, runc, libvirt, ovsdb, lldp, socketinfo, k8s'],
    ['', 'unsupported probe ; there are docker, runc, libvirt, ovsdb, lldp, socketinfo, k8s'],
    ['docker,-runc', '-runc: either names, or changes that all begin with + or -'],
    ['docker=docker.sock', 'docker=docker.sock: the path of a socket, as /run/podman/podman.sock'],
    ['ovsdb=tcp:host', 'ovsdb=tcp:host: the path of a socket, or tcp:HOST:PORT'],
    ['runc=/a:b', 'runc=/a:b: folders, joined by :'],
    ['lldp=', 'lldp=: interfaces, joined by :'],
    ['k8s=cluster', 'k8s=cluster: a kubeconfig file, or the folder of a service account'],
    ['socketinfo=10ms', 'socketinfo=10ms: a time of at least 1s, as 30s'],
    ['socketinfo=soon', 'socketinfo=soon: a time of at least 1s, as 30s'],
  ])('refuses %j and says what would fit', (text, expected) => {
    expect(() => readSourceSettings(text)).toThrow(new SourceSettingError(expected));
  });
});
