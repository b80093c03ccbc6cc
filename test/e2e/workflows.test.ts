/** Workflows as a user has them: the command line, both runtimes, and an analyzer that goes on while scripts misbehave. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startEdgedive, startWranglerDev, type Analyzer } from './harness/edgedive.ts';
import { createLab, skipUnlessRoot, type Lab } from './harness/lab.ts';
import { Running } from './harness/process.ts';

describe('npm start', () => {
  let analyzer: Analyzer;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edgedive-workflows-'));
    analyzer = await startEdgedive({ probe: false, env: { EDGEDIVE_WORKFLOW_TIME: '2s' } });
  });
  afterAll(async () => {
    await analyzer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const cli = async (...args: string[]): Promise<{ status: unknown; out: string; err: string }> => {
    const running = Running.task('cli', ['workflow', ...args], { EDGEDIVE_ANALYZER: analyzer.address });
    const status = await running.end();
    return { status, out: running.stdout, err: running.stderr };
  };
  const created = async (Name: string, Source: string): Promise<string> => {
    const answer = await analyzer.post('/api/workflow', { Name, Source });
    return ((await answer.json()) as { UUID: string }).UUID;
  };
  const call = async (id: string, ...Params: unknown[]): Promise<[number, string]> => {
    const answer = await analyzer.post(`/api/workflow/${id}/call`, { Params });
    return [answer.status, await answer.text()];
  };

  test('the command line creates, shows, calls and deletes them', async () => {
    const path = join(folder, 'w.yaml');
    const source = '    console.log("given", a, b);\n    return { sum: a + b };';
    writeFileSync(
      path,
      `Name: Sum\nParameters:\n  - Name: a\n  - Name: b\nSource: |\n  function (a, b) {\n${source}\n  }\n`,
    );
    const made = await cli('create', '--path', path);
    expect(made).toMatchObject({ status: 0, err: '' });
    const { UUID, Parameters } = JSON.parse(made.out) as { UUID: string; Parameters: unknown[] };
    expect(Parameters).toHaveLength(2);
    expect(Object.keys(JSON.parse((await cli('list')).out) as object)).toHaveLength(5);
    expect(JSON.parse((await cli('get', UUID)).out)).toMatchObject({ Name: 'Sum' });
    const called = await cli('call', UUID, '1', '2');
    // Arguments are texts.
    expect([JSON.parse(called.out), called.err]).toEqual([{ sum: '12' }, 'given 1 2\n']);
    expect(await cli('create', '--path', path)).toMatchObject({
      status: 1,
      err: expect.stringContaining('Duplicate workflow, name=Sum') as string,
    });
    expect(await cli('delete', UUID)).toEqual({ status: 0, out: '', err: '' });
    expect(await cli('call', UUID)).toMatchObject({
      status: 1,
      err: expect.stringContaining(`No workflow found with ID: ${UUID}`) as string,
    });
    writeFileSync(path, 'Title: nameless\n');
    expect(await cli('create', '--path', path)).toMatchObject({
      status: 2,
      err: expect.stringContaining('Name: zero value') as string,
    });
  });

  test.each([
    ['an endless loop', '() => { for (;;); }'],
    ['a search without end in a built-in function', '() => [].indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
    ['a bad regular expression', "() => /^(a+)+$/.test('a'.repeat(64) + 'b')"],
  ])('others are served while a script runs %s', async (name, source) => {
    const running = call(await created(name, source));
    const state = { isOver: false };
    void running.finally(() => (state.isOver = true));
    let served = 0;
    for (; !state.isOver; served++) expect((await analyzer.get('/api/capture')).status).toBe(200);
    expect(await running).toEqual([400, 'the script ran longer than 2000 ms (setting workflow.time)\n']);
    // A blocked isolate would have served one or two.
    expect(served).toBeGreaterThan(5);
  });

  test('callers that go away leave their places to others', async () => {
    const sleeping = await created('sleeping', '() => { sleep(60000) }');
    const leaving = Array.from({ length: 40 }, async () => {
      const signal = AbortSignal.timeout(200);
      const body = JSON.stringify({ Params: [] });
      return fetch(`${analyzer.url}/api/workflow/${sleeping}/call`, { method: 'POST', body, signal }).catch(
        () => 'gone',
      );
    });
    expect(new Set(await Promise.all(leaving))).toEqual(new Set(['gone']));
    const fine = await created('after', '(i) => i');
    // Waits for a place that is given up when the time of a script is over.
    expect(await call(fine, 7)).toEqual([200, '7']);
  });

  test('scripts that fill their memory take nothing from those after them', async () => {
    const bomb = await created('bomb', "() => { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length) }");
    const bombs = await Promise.all(Array.from({ length: 20 }, () => call(bomb)));
    for (const [status] of bombs) expect(status).toBe(400);
    const fine = await created('fine', '(i) => i');
    const calls = await Promise.all(Array.from({ length: 50 }, (_, i) => call(fine, i)));
    expect(calls).toEqual(calls.map((_, i) => [200, String(i)]));
  });
});

interface ShownNode {
  readonly Metadata: { readonly TID: string };
}

describe.skipIf(skipUnlessRoot())('bundled workflows between two namespaces', () => {
  let analyzer: Analyzer;
  let lab: Lab;
  let ends: readonly [string, string];

  const tidIn = async (namespace: string): Promise<string> =>
    eventually(async () => {
      const query = `G.V().Has('Type', 'netns', 'Name', '${namespace}').Out().Has('Name', 'eth0').HasKey('IPV4')`;
      const [node] = await analyzer.query<ShownNode[]>(query);
      return node!.Metadata.TID;
    });
  const call = async (id: string, ...Params: unknown[]): Promise<Record<string, unknown>> => {
    const answer = await analyzer.post(`/api/workflow/${id}/call`, { Params });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.any(String)]);
    return JSON.parse(text) as Record<string, unknown>;
  };

  beforeAll(async () => {
    lab = createLab('wf');
    analyzer = await startEdgedive();
    ends = [await tidIn(lab.vm1), await tidIn(lab.vm2)];
    // The path between the two is there when the bridge's ports are.
    await eventually(async () =>
      expect(await call('85757b38-6e21-11e8-b42d-28d2442e1325', ...ends)).toMatchObject({ MTU: true }),
    );
  });
  afterAll(async () => {
    await analyzer.stop();
    lab.remove();
  });

  test('CheckConnectivity: answers come', async () => {
    const connected = await call('85757b38-6e21-11e8-b42d-28d2442e1329', ...ends);
    expect(connected).toMatchObject({ Connectivity: true });
    expect((connected['Flows'] as unknown[]).length).toBeGreaterThan(0);
    // What it made is gone.
    expect(await (await analyzer.get('/api/capture')).json()).toEqual({});
    expect(await (await analyzer.get('/api/injectpacket')).json()).toEqual({});
  });

  test('CheckMTU: a narrow place', async () => {
    lab.inVm2('link', 'set', 'eth0', 'mtu', '1300');
    await eventually(async () =>
      expect(await call('85757b38-6e21-11e8-b42d-28d2442e1325', ...ends)).toMatchObject({ MTU: false }),
    );
    lab.inVm2('link', 'set', 'eth0', 'mtu', '1500');
  });

  test('FlowValidation: everywhere between the two, and where nothing passes', async () => {
    const validate = '1c79a9d2-6fcb-4e10-7d40-78819b07781c';
    const pings = spawn('ip', ['netns', 'exec', lab.vm1, 'ping', '-i', '0.3', '-w', '30', lab.address2]);
    try {
      const args = [...ends, 'true', 'icmp', lab.address1, lab.address2, '', '3'];
      expect(await call(validate, ...args)).toEqual({ Connectivity: true });
      const none = await call(validate, ends[0], '', 'false', 'udp', '', '', '9', '1');
      expect(none).toEqual({ Connectivity: false, NotReachedNodes: ['eth0'] });
    } finally {
      pings.kill('SIGKILL');
    }
  });
});

test('wrangler dev runs them too', async () => {
  const analyzer = await startWranglerDev();
  try {
    const answer = await analyzer.post('/api/workflow', {
      Name: 'w',
      Source: 'async () => { sleep(5); return G.V().Count() }',
    });
    const { UUID } = (await answer.json()) as { UUID: string };
    const called = await analyzer.post(`/api/workflow/${UUID}/call`, {});
    expect([called.status, typeof (await called.json())]).toEqual([200, 'number']);
  } finally {
    await analyzer.stop();
  }
});
