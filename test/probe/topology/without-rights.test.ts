/** A probe that lacks something of its host says what, and shows what it can: each case is a process of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ip, isRoot, tryIp, whyNot } from './live.ts';

const probeFile = fileURLToPath(new URL('../../../probe/topology/topology.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tp-rights-'));
const main = join(folder, 'main.ts');
const breaker = join(folder, 'no-koffi.cjs');

interface Shown {
  readonly status: { readonly netlink: Record<string, unknown>; readonly netns: Record<string, unknown> };
  readonly nodes: readonly { readonly Name: string; readonly Type: string }[];
  readonly log: readonly string[];
}

function show(command: string, ...words: string[]): Shown {
  const done = spawnSync(command, [...words, main], { encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.status).toBe(0);
  return JSON.parse(done.stdout) as Shown;
}

beforeAll(() => {
  writeFileSync(
    main,
    `import { createTopologyProbe } from ${JSON.stringify(probeFile)};
     const log = [];
     const probe = createTopologyProbe({ hostId: 'tp-host', log: (line) => log.push(line) });
     await probe.start();
     const nodes = [...probe.graph.nodes()].map((node) => node.metadata);
     console.log(JSON.stringify({ status: probe.status(), nodes, log }));
     probe.stop();`,
  );
  writeFileSync(
    breaker,
    `const Module = require('node:module');
     const resolve = Module._resolveFilename;
     Module._resolveFilename = function (request, ...rest) {
       if (request === 'koffi') throw new Error("Cannot find module 'koffi'");
       return resolve.call(this, request, ...rest);
     };`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a probe without koffi', () => {
  it('knows its host and says what it lacks', () => {
    const { status, nodes, log } = show(process.execPath, '-r', breaker);
    expect(nodes.map((node) => node.Type)).toEqual(['host']);
    expect(status.netlink['state']).toBe('error');
    expect(status.netlink['lastError']).toMatch(/^netlink unavailable: koffi could not be loaded: /);
    expect(log).toHaveLength(1);
  });
});

describe.skipIf(!isRoot)(`a probe without CAP_SYS_ADMIN (${whyNot})`, () => {
  const netns = `tp-w-${process.pid}`;
  beforeAll(() => ip(`netns add ${netns}`));
  afterAll(() => tryIp(`netns del ${netns}`));

  it('reads its own namespace, lists the others without interfaces, and names the capability', () => {
    const caps = ['--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin'];
    const { status, nodes, log } = show('setpriv', ...caps, process.execPath);
    expect(nodes.filter((node) => node.Name === netns)).toMatchObject([{ Type: 'netns' }]);
    expect(nodes.filter((node) => node.Name === 'lo')).toHaveLength(1);
    expect(status.netlink).toMatchObject({ state: 'running', lastError: null });
    expect(status.netns).toMatchObject({ state: 'limited' });
    expect(status.netns['lastError']).toMatch(/CAP_SYS_ADMIN/);
    expect(log.filter((line) => line.includes('without interfaces'))).toHaveLength(1);
  });
});
