/**
 * Domains from the status files of libvirt. `recordings/libvirt-9.0-running.xml` is one that Debian's libvirtd 9.0
 * wrote of a machine under QEMU with a network card on a bridge; QEMU's features are left out.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LibvirtSource } from '../../../../probe/topology/sources/libvirt.ts';
import { SourceError } from '../../../../probe/topology/sources/source.ts';
import { attributeOf, findIn, readXml } from '../../../../probe/topology/sources/xml-read.ts';
import { eventually } from '../live.ts';
import { fakeHost, type FakeHost } from './fake-host.ts';

const RECORDED = readFileSync(new URL('recordings/libvirt-9.0-running.xml', import.meta.url), 'utf8');

describe('LibvirtSource', () => {
  let folder: string;
  let stop: AbortController;
  let host: FakeHost;
  let source: LibvirtSource;
  let machine: ChildProcess;
  const file = () => join(folder, 'vm one.xml');
  /** As libvirt does: another file, then its name. */
  const write = (text: string): void => {
    writeFileSync(`${file()}.new`, text);
    renameSync(`${file()}.new`, file());
  };
  const recorded = () => RECORDED.replace(/pid='\d+'/, `pid='${machine.pid}'`);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edgedive-libvirt-'));
    stop = new AbortController();
    host = fakeHost();
    source = new LibvirtSource([folder, join(folder, 'none')]);
    machine = spawn('sleep', ['600'], { stdio: 'ignore' });
    host.hostGraph.putNode('tap', { Name: 'vnet0', Type: 'tuntap' });
  });
  afterEach(() => {
    stop.abort();
    machine.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('shows a machine, and tells its tap what it is to it', async () => {
    write(recorded());
    void source.follow(host, stop.signal);
    expect(host.metadataOf('vm one')).toEqual({ Name: 'vm one', Type: 'libvirt', State: 'UP' });
    const picture = host.pictures.at(-1)!;
    expect(picture.nodes.map(({ owner }) => owner)).toEqual([{ kind: 'node', id: 'host' }]);
    expect(picture.keys.get('tap')).toEqual({
      Libvirt: {
        MAC: '52:54:00:00:00:01',
        Domain: 'vm one',
        BusType: 'pci',
        BusInfo: '0000:00:02.0',
        Alias: 'net0',
      },
      PeerIntfMAC: '52:54:00:00:00:01',
    });
    expect(picture.edges).toEqual([
      { parent: 'tap', child: picture.nodes[0]!.id, metadata: { RelationType: 'vlayer2' } },
    ]);
    expect(source.status()).toEqual({ domains: 1 });
  });

  it('follows its state, and takes it back when its file goes', async () => {
    void source.follow(host, stop.signal);
    expect(host.pictures).toHaveLength(1);
    write(recorded());
    await eventually(() => expect(host.metadataOf('vm one')).toBeDefined());
    write(recorded().replace("state='running'", "state='paused'"));
    await eventually(() => expect(host.metadataOf('vm one')).toMatchObject({ State: 'PAUSED' }));
    rmSync(file());
    await eventually(() => expect(host.pictures.at(-1)?.nodes).toEqual([]));
  });

  it('does not show a machine whose process is gone', async () => {
    write(RECORDED.replace(/pid='\d+'/, "pid='999999999'"));
    void source.follow(host, stop.signal);
    expect(host.pictures.at(-1)?.nodes).toEqual([]);
  });

  it('shows devices that the machine has to itself', () => {
    const address = "<address domain='0x0000' bus='0x3b' slot='0x10' function='0x1'/>";
    const device = `<hostdev mode='subsystem' type='pci'><source>${address}</source></hostdev>`;
    write(recorded().replace('</devices>\n    <seclabel', `${device}</devices>\n    <seclabel`));
    void source.follow(host, stop.signal);
    expect(host.metadataOf('0000:3b:10.1')).toMatchObject({ Type: 'device', Driver: 'pci-passthrough' });
    expect(host.pictures.at(-1)?.edges).toHaveLength(2);
  });

  it.each([
    ['half a file', RECORDED.slice(0, 2_000), /no XML/],
    ['another file', '<domain><name>x</name></domain>', /is no status of a domain$/],
    ['nothing', '', /no XML/],
    ['no XML', 'pid: 7', /no XML/],
  ])('complains of %s once, and goes on', async (_what, text, expected) => {
    write(text);
    void source.follow(host, stop.signal);
    expect(host.complaints).toEqual([expect.stringMatching(expected)]);
    write(recorded());
    await eventually(() => expect(host.metadataOf('vm one')).toBeDefined());
    expect(host.complaints).toHaveLength(1);
  });
});

describe('readXml', () => {
  it('reads elements, attributes in either quotes, entities, and text around children', () => {
    const root = readXml(
      `<?xml version="1.0"?>\n<!-- <no/> --><a b='1"' c="&lt;&#65;&#x42;&amp;&nope;"> x <d/><e f=''>y</e > z </a>\n`,
    );
    expect(root).toMatchObject({ name: 'a', text: 'x  z' });
    expect(attributeOf(root, 'b')).toBe('1"');
    expect(attributeOf(root, 'c')).toBe('<AB&&nope;');
    expect(findIn(root, 'e')?.text).toBe('y');
    expect([attributeOf(findIn(root, 'd'), 'f'), findIn(root, 'd', 'x')]).toEqual(['', undefined]);
  });

  it.each([
    '',
    'x',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a b=c/>',
    '<a b="1/>',
    '<!-- <a/>',
    '<a>x</a>y',
    '<!DOCTYPE a><a/>',
  ])('refuses %j', (text) => {
    expect(() => readXml(text)).toThrow(SourceError);
  });

  it('refuses what is nested too deep, and throws nothing else', () => {
    expect(() => readXml(`${'<a>'.repeat(100)}${'</a>'.repeat(100)}`)).toThrow('XML nested too deep');
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('<', '>', '/', 'a', ' ', '=', '"', "'", '&', '#', ';', '!--', '-->', '?')),
        (parts) => {
          try {
            readXml(parts.join(''));
          } catch (error) {
            expect(error).toBeInstanceOf(SourceError);
          }
        },
      ),
    );
  });
});
