/** The probe with just what it needs: what root gives up, what a user with capabilities can do, what one without is told. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import type { Capture } from '../../core/capture/capture.ts';
import type { NodeJson } from '../../core/wire/element-json.ts';
import { NEEDED_CAPABILITIES } from '../../probe/capabilities.ts';
import { createVethLab, skipCaptures, type VethLab } from './capture/veth-lab.ts';
import { FakeAnalyzer, until } from './link/fake-analyzer.ts';

const MAIN = fileURLToPath(new URL('../../probe/main.ts', import.meta.url));
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN];
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
const LIST = NEEDED_CAPABILITIES.map(({ what }) => `+${what.replace('CAP_', '').toLowerCase()}`).join(',');
/** The six of `NEEDED_CAPABILITIES`, by linux/capability.h. */
const NEEDED_MASK = '0000000000283404';
/** … and CAP_DAC_OVERRIDE, bit 1. */
const ROOT_MASK = '0000000000283406';
const TOPOLOGY = '/ws/probe/topology';
let nextPort = 18_560;
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A checkout in root's own folder cannot be run by others. */
function canNobodyRead(): boolean {
  const can = spawnSync(NOBODY[0]!, [...NOBODY.slice(1), 'test', '-r', MAIN]).status === 0;
  if (!can) console.warn('skipped: this checkout cannot be read by other users');
  return can;
}

async function startProbe(...command: string[]): Promise<{ analyzer: FakeAnalyzer; child: ChildProcess }> {
  const analyzer = await new FakeAnalyzer(nextPort++).start();
  cleanups.push(() => analyzer.kill());
  const words = [...command, ...NODE, '--analyzer', analyzer.url.replace('ws:', 'http:'), '--host-id', 'h1'];
  const child = spawn(words[0]!, words.slice(1), { stdio: 'ignore' });
  cleanups.push(() => void child.kill('SIGKILL'));
  await until('synchronised', () => received(analyzer).some(({ kind }) => kind === 'sync'));
  return { analyzer, child };
}

const received = (analyzer: FakeAnalyzer) => analyzer.socket(TOPOLOGY)?.received ?? [];

function nodesOf(analyzer: FakeAnalyzer): NodeJson[] {
  return received(analyzer)
    .flatMap((message) => {
      if (message.kind === 'sync') return message.sync.nodes;
      return message.kind === 'changes' ? message.changes.changes.map((change) => change.element) : [];
    })
    .map((text) => JSON.parse(text) as NodeJson);
}

/** Each thread's sets, told apart by nothing but their values. */
function capabilitiesOf(pid: number): Set<string> {
  return new Set(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
      return [...status.matchAll(/^(Cap(?:Prm|Eff|Bnd)|NoNewPrivs):\s*(\S+)$/gm)]
        .map(([, name, value]) => `${name} ${value}`)
        .join(', ');
    }),
  );
}

/** An order for `eth0` of the namespace; resolves when its node says that the capture is active. */
async function captureIn(lab: VethLab, analyzer: FakeAnalyzer): Promise<void> {
  const netnsOf = () => nodesOf(analyzer).find(({ Metadata }) => Metadata['Name'] === lab.b);
  await until('the namespace', () => netnsOf() !== undefined);
  const mac = JSON.parse(lab.in(lab.b, '-j', 'link', 'show', 'eth0')) as { address: string }[];
  const eth0 = () => nodesOf(analyzer).findLast(({ Metadata }) => Metadata['MAC'] === mac[0]!.address);
  await until('the interface', () => eth0() !== undefined);
  const capture: Capture = {
    UUID: 'c1',
    GremlinQuery: 'G.V()',
    Count: 0,
    SamplingRate: 0,
    PollingInterval: 0,
    ExtraTCPMetric: false,
    IPDefrag: false,
    ReassembleTCP: false,
  };
  analyzer.send(TOPOLOGY, {
    captures: {
      sequence: 1,
      captures: [{ capture: JSON.stringify(capture), node_ids: [eth0()!.ID] }],
    },
  });
  await until('the capture', () => {
    const [state] = (eth0()!.Metadata['Captures'] ?? []) as { State: string }[];
    return state?.State === 'active';
  });
}

describe.skipIf(skipCaptures())('a probe that root starts', () => {
  it('keeps what it needs in every thread, under the same process id, and captures in namespaces', async () => {
    const lab = createVethLab('pv');
    cleanups.push(() => lab.remove());
    const { analyzer, child } = await startProbe();
    const sets = [`NoNewPrivs 1`, ...['CapPrm', 'CapEff', 'CapBnd'].map((name) => `${name} ${ROOT_MASK}`)];
    await captureIn(lab, analyzer);
    const [only, ...others] = [...capabilitiesOf(child.pid!)].map((text) => text.split(', ').sort());
    expect(others).toEqual([]);
    expect(only).toEqual(sets.sort());
  });

  it('is told so by --check', () => {
    const { status, stdout } = spawnSync(NODE[0]!, [...NODE.slice(1), '--check'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout.match(/^ok {6} CAP_/gm)).toHaveLength(NEEDED_CAPABILITIES.length);
    expect(stdout).toContain('nothing beyond these is held');
  });
});

describe.skipIf(skipCaptures() || !canNobodyRead())('a probe that is not root', () => {
  it('captures in namespaces with the capabilities that it needs', async () => {
    const lab = createVethLab('pu');
    cleanups.push(() => lab.remove());
    const caps = ['--inh-caps', LIST, '--ambient-caps', LIST];
    const { analyzer, child } = await startProbe(...NOBODY, ...caps);
    await captureIn(lab, analyzer);
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534/m);
    expect(status).toContain(`CapEff:\t${NEEDED_MASK}`);
  });

  it('says without them what it will not see, shows what it can, and how to give them', async () => {
    const lab = createVethLab('pw');
    cleanups.push(() => lab.remove());
    const { analyzer } = await startProbe(...NOBODY);
    await until('told', () => received(analyzer).some(({ kind }) => kind === 'status'));
    const [told] = received(analyzer).flatMap((message) =>
      message.kind === 'status' ? [JSON.parse(message.json) as { missing: { what: string }[] }] : [],
    );
    expect(told!.missing.map(({ what }) => what)).toEqual(NEEDED_CAPABILITIES.map(({ what }) => what));
    const nodes = nodesOf(analyzer).map(({ Metadata: { Type, Name } }) => ({ Type, Name }));
    expect(nodes).toContainEqual({ Type: 'host', Name: 'h1' });
    expect(nodes).toContainEqual({ Type: 'netns', Name: lab.a });

    const words = [...NOBODY, ...NODE, '--check'];
    const { status, stdout } = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout.match(/^MISSING {2}CAP_/gm)).toHaveLength(NEEDED_CAPABILITIES.length);
    expect(stdout).toContain(`--ambient-caps ${LIST}`);
  });
});

describe('the systemd unit', () => {
  it('gives the capabilities that --check names, and no others', () => {
    const unit = readFileSync(
      new URL('../../scripts/systemd/edgedive-probe.service', import.meta.url),
      'utf8',
    );
    const names = NEEDED_CAPABILITIES.map(({ what }) => what).join(' ');
    for (const key of ['CapabilityBoundingSet', 'AmbientCapabilities'])
      expect(unit).toContain(`${key}=${names}\n`);
  });

  it.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('is one that systemd can read', () => {
    const file = fileURLToPath(new URL('../../scripts/systemd/edgedive-probe.service', import.meta.url));
    expect(execFileSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })).toBe('');
  });
});
