/** The command line as a user runs it, against an analyzer of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { root, Running } from './harness/process.ts';

let analyzer: Analyzer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edgedive-cli-'));
  analyzer = await startEdgedive({ probe: false });
});
afterAll(async () => {
  await analyzer.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Status {
  readonly Edgedive: { readonly FlowHubs: readonly { readonly subscribers: readonly unknown[] }[] };
}

interface Ran {
  readonly status: number | NodeJS.Signals;
  readonly out: string;
  readonly err: string;
}

const env = () => ({ SKYDIVE_ANALYZER: analyzer.address, NO_COLOR: '1' });

async function run(...args: string[]): Promise<Ran> {
  const running = Running.task('cli', args, env());
  const status = await running.end();
  return { status, out: running.stdout, err: running.stderr };
}

const json = ({ out, err }: Ran): unknown => {
  expect(err).toBe('');
  return JSON.parse(out);
};

/** A port that leads to the analyzer until it is broken. */
async function breakableWay(to: string) {
  const { hostname, port } = new URL(`http://${to}`);
  const open = new Set<Socket>();
  let isBroken = false;
  const server = createServer((near) => {
    if (isBroken) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    open.add(near);
    near.on('close', () => (open.delete(near), far.destroy())).on('error', () => {});
    far.on('close', () => near.destroy()).on('error', () => {});
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => open.size,
    async break() {
      isBroken = true;
      for (const near of open) near.destroy();
      await eventually(async () => {
        const status = (await (await analyzer.get('/api/status')).json()) as Status;
        expect(status.Edgedive.FlowHubs.flatMap(({ subscribers }) => subscribers)).toEqual([]);
      });
    },
    mend: () => (isBroken = false),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe('captures', () => {
  test('are created with the reference’s flags, listed, shown and deleted', async () => {
    const which = ['--gremlin', "G.V().Has('Name', 'eth0')", '--bpf', 'port 80'];
    const how = ['--header-size', '128', '--extra-tcp-metric', '--extra-layer', 'DNS,VRRP'];
    const created = json(await run('capture', 'create', ...which, ...how, '--ttl', '60000')) as {
      UUID: string;
    };
    expect(created).toMatchObject({
      BPFFilter: 'port 80',
      HeaderSize: 128,
      ExtraTCPMetric: true,
      ExtraLayers: 3,
    });
    expect(Object.keys(json(await run('capture', 'list')) as object)).toEqual([created.UUID]);
    expect(json(await run('capture', 'get', created.UUID))).toEqual(created);
    expect(await run('capture', 'delete', created.UUID)).toEqual({ status: 0, out: '', err: '' });
    expect(json(await run('capture', 'list'))).toEqual({});
  });

  test('that are wrong are refused before anything is sent, with every reason', async () => {
    const { status, err } = await run('capture', 'create', '--gremlin', 'G.Flows()', '--bpf', 'porz 80');
    expect(status).toBe(2);
    expect(err).toMatch(
      /GremlinQuery: Not a valid Gremlin expression[^]*BPFFilter: Not a valid BPF expression/,
    );
  });
});

describe('flows observe', () => {
  test('shows the flows of a file that pcap sent, filtered and in the form asked for', async () => {
    const sent = await run('pcap', '-t', join(root, 'test/pcap/dns-records.pcap'));
    expect(JSON.parse(sent.out)).toMatchObject({ truncated: false });
    const all = (await run('flows', 'observe', '-o', 'json')).out.trim().split('\n');
    expect(all.length).toBeGreaterThan(1);
    const dns = await run('flows', 'observe', '--protocol', 'dns', '--last', '1');
    expect(dns.out).toMatch(/^\d{4}-\d\d-\d\d [\d:.]+  \S+:\d+ -> \S+:53  DNS  /);
    expect((await run('flows', 'observe', '--port', '1')).out).toBe('');
    const [head, ...rows] = (await run('flows', 'observe', '-o', 'table')).out.trim().split('\n');
    expect(head).toMatch(/^LAST +NODE +A +B +APPLICATION/);
    expect(rows).toHaveLength(all.length);
  });

  test('-f shows what comes, until it is interrupted', async () => {
    const following = Running.task(
      'cli',
      ['flows', 'observe', '-f', '-o', 'jsonpb', '--protocol', 'icmp'],
      env(),
    );
    await eventually(async () => {
      const status = (await (await analyzer.get('/api/status')).json()) as Status;
      expect(status.Edgedive.FlowHubs.flatMap(({ subscribers }) => subscribers)).toHaveLength(1);
    });
    await run('pcap', '-t', join(root, 'test/pcap/icmpv4-kinds.pcap'));
    await following.printed(/"Application":"ICMPv4"/);
    const status = await following.stop('SIGINT');
    expect(status).toBe(0);
    for (const line of following.stdout.trim().split('\n'))
      expect(Object.keys(JSON.parse(line) as object)).toEqual(['flow', 'node_name', 'time']);
  });

  test('-f goes on where it was when the connection breaks', async () => {
    const way = await breakableWay(analyzer.address);
    const following = Running.task(
      'cli',
      ['--analyzer', way.address, 'flows', 'observe', '-f', '-o', 'json', '--protocol', 'icmp'],
      env(),
    );
    try {
      await eventually(() => expect(way.connections()).toBe(1));
      await run('pcap', '-t', join(root, 'test/pcap/icmpv4-kinds.pcap'));
      const uuids = () => following.stdout.match(/(?<="UUID":")[^"]+/g) ?? [];
      await following.printed(/"Application":"ICMPv4"/);
      await way.break();
      await run('pcap', '-t', join(root, 'test/pcap/icmpv4-kinds.pcap'));
      way.mend();
      await eventually(() => {
        // Each flow of the file twice: before, and while the connection was away.
        const flows = [...new Set(uuids())];
        expect(uuids().toSorted()).toEqual([...flows, ...flows].toSorted());
      });
      expect(following.stderr).toMatch(/^no analyzer at .*; connecting again\n$/);
      expect(await following.stop('SIGINT')).toBe(0);
    } finally {
      following.child.kill('SIGKILL');
      await way.close();
    }
  });
});

describe('queries', () => {
  test('print JSON, or a drawing', async () => {
    expect(json(await run('query', 'G.V().Count()'))).toBe(0);
    expect((await run('query', 'G', '--format', 'dot')).out).toMatch(/^digraph/);
  });

  test('that are wrong end with 1 and the analyzer’s words', async () => {
    expect(await run('query', 'G.V(')).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringMatching(/400 Bad Request: Expected right parenthesis.*: at 4/) as string,
    });
  });

  test('can be explained', async () => {
    expect(json(await run('query', "G.V().Has('Name','eth0')", '--explain'))).toHaveProperty('Steps');
  });
});

test('an analyzer that is not there ends with 3, a wrong command line with 2', async () => {
  expect(await run('--analyzer', '127.0.0.1:1', 'status')).toMatchObject({ status: 3, out: '' });
  expect(await run('statsu')).toMatchObject({ status: 2, err: expect.stringContaining('status') as string });
  const file = join(folder, 'graph.json');
  writeFileSync(file, '[{},{}]');
  expect(await run('topology', 'import', '--file', file)).toMatchObject({ status: 2 });
});

test('the shell answers line by line, and goes on behind a mistake', async () => {
  const lines = ['G.V().Count()', '_ + 41', 'G.V(', 'await ask("GET", "/api/capture")', '.exit', ''].join(
    '\n',
  );
  const shell = spawnSync('npm', ['run', '-s', 'cli', '--', 'shell'], {
    cwd: root,
    input: lines,
    encoding: 'utf8',
    env: { ...process.env, ...env(), XDG_STATE_HOME: folder },
  });
  expect([shell.status, shell.stdout.replaceAll(/edgedive> |\n/g, ' ').trim()]).toEqual([0, '0 41 {}']);
  expect(shell.stderr).toContain('Expected right parenthesis');
});

test('alerts and workflows are made, changed and deleted', async () => {
  const made = json(await run('alert', 'create', '--expression', "G.V().Has('Name', 'x')", '--name', 'one'));
  const { UUID: alert } = made as { UUID: string };
  expect(json(await run('alert', 'update', alert, '--name', 'two'))).toMatchObject({
    Name: 'two',
    Trigger: 'graph',
  });
  expect(json(await run('alert', 'list'))).toMatchObject({ [alert]: { Name: 'two' } });
  expect(await run('alert', 'delete', alert)).toMatchObject({ status: 0 });
  const file = join(folder, 'sum.yaml');
  writeFileSync(
    file,
    'Name: Sum\nParameters:\n  - Name: a\n    Type: string\nSource: |\n  (function (a) { return { sum: Number(a) + 1 }; })\n',
  );
  const { UUID: workflow } = json(await run('workflow', 'create', '--path', file)) as { UUID: string };
  expect(json(await run('workflow', 'call', workflow, '41'))).toEqual({ sum: 42 });
  expect(await run('workflow', 'delete', workflow)).toMatchObject({ status: 0 });
});

test('who is asked for credentials is told how to give them', async () => {
  const locked = await startEdgedive({
    probe: false,
    env: { EDGEDIVE_AUTH: 'on', EDGEDIVE_USERS: '{"alice":"wonderland"}' },
  });
  try {
    const { status, err } = await run('--analyzer', locked.address, 'capture', 'list');
    expect([status, /401 .*edgedive login/.test(err)]).toEqual([1, true]);
  } finally {
    await locked.stop();
  }
});

test('completions name every command', async () => {
  const { out } = await run('completion', 'bash');
  for (const word of ['capture', 'observe', 'node-rule', '--rawpacket-limit']) expect(out).toContain(word);
});

describe('elements and rules', () => {
  interface Made {
    readonly ID: string;
    readonly Metadata: Readonly<Record<string, unknown>>;
  }

  test('are made, joined, annotated and deleted', async () => {
    const nodes: Made[] = [];
    for (const name of ['sw1', 'sw2'])
      nodes.push(json(await run('node', 'create', '--node-name', name, '--node-type', 'switch')) as Made);
    const [one, two] = nodes.map(({ ID }) => ID) as [string, string];
    const ends = ['--parent', one, '--child', "G.V().Has('Name', 'sw2')"];
    expect(json(await run('edge', 'create', '--edge-type', 'layer2', ...ends))).toMatchObject({
      Parent: one,
      Child: two,
      Metadata: { RelationType: 'layer2' },
    });
    const updated = json(await run('node', 'update', one, '-a', 'Site.Row=3', '-a', 'Note=old')) as Made;
    expect(updated.Metadata).toMatchObject({ Site: { Row: 3 }, Note: 'old' });
    const { Metadata } = json(await run('node', 'update', one, '-r', 'Note')) as Made;
    expect(Metadata).not.toHaveProperty('Note');
    expect(await run('node', 'delete', '--gremlin', "G.V().Has('Type', 'switch')")).toMatchObject({
      status: 0,
    });
    expect(json(await run('query', 'G.V().Count()'))).toBe(0);
  });

  test('of rules follow the graph', async () => {
    const rule = [
      '--action',
      'create',
      '--node-name',
      'tor',
      '--node-type',
      'fabric',
      '--metadata',
      'Rack=7',
    ];
    const { UUID } = json(await run('node-rule', 'create', ...rule)) as { UUID: string };
    expect(json(await run('query', "G.V().Has('Rack', 7).Values('Name')"))).toEqual(['tor']);
    expect(await run('node-rule', 'delete', UUID)).toMatchObject({ status: 0 });
    expect(json(await run('query', 'G.V().Count()'))).toBe(0);
  });
});
