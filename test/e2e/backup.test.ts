/** A state that is copied while the analyzer runs, and put in the place of another. */
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { root } from './harness/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgedive-backup-'));
const [state, other, copy] = ['state', 'other', 'copy'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
let edgedive: Analyzer | undefined;
const start = async (stateDir: string): Promise<Analyzer> =>
  (edgedive = await startEdgedive({ probe: false, args: ['--state', stateDir, '--auth'] }));

afterAll(async () => {
  await edgedive?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (
  command: string,
  ...args: readonly string[]
): Promise<{ status: number; text: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)('npm', ['run', '-s', command, '--', ...args], {
      cwd: root,
    });
    return { status: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, text: stdout + stderr };
  }
};

/** What the analyzer knows, asked with the administrator's token of its state. */
async function knowledge(analyzer: Analyzer, stateDir: string): Promise<unknown[]> {
  const Authorization = `Bearer ${readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()}`;
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await analyzer.fetch(path, {
      headers: { Authorization },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    expect(answer.status).toBeLessThan(300);
    return answer.json();
  };
  return [
    await ask('/api/node'),
    await ask('/api/capture'),
    await ask('/api/topology', { GremlinQuery: "G.Flows().Sort('UUID')" }),
  ];
}

it('is the same analyzer there, credentials and all', async () => {
  const first = await start(state);
  const headers = { Authorization: `Bearer ${readFileSync(join(state, 'admin-token'), 'utf8').trim()}` };
  for (const [path, body] of [
    ['/api/node', '{"ID":"kept","Metadata":{"Name":"kept","Type":"device"}}'],
    ['/api/capture', '{"GremlinQuery":"G.V().Has(\'Name\',\'kept\')"}'],
    ['/api/pcap', readFileSync(join(root, 'test/pcap/dns-records.pcap'))],
  ] as const)
    expect((await first.fetch(path, { method: 'POST', headers, body })).status).toBeLessThan(300);
  const known = await knowledge(first, state);
  expect(Object.keys(known[0] as object)).toHaveLength(1);
  const made = await run('backup', '--state', state, '--to', copy);
  expect(made).toMatchObject({
    status: 0,
    text: expect.stringMatching(/^backed up \d+ files, \d+ bytes/) as string,
  });
  expect(statSync(join(copy, 'admin-token')).mode & 0o077).toBe(0);
  // In use, and there already.
  expect(await run('restore', '--from', copy, '--state', state, '--force')).toMatchObject({
    status: 1,
    text: expect.stringContaining('is in use by process') as string,
  });
  expect(await run('backup', '--state', state, '--to', copy)).toMatchObject({ status: 1 });
  await first.stop();
  expect(await run('restore', '--from', copy, '--state', other)).toMatchObject({ status: 0 });
  const second = await start(other);
  expect(await knowledge(second, other)).toEqual(known);
  await second.stop();
});

it('that is not whole replaces nothing; one that is there is moved aside only when told so', async () => {
  expect(await run('restore', '--from', copy, '--state', other)).toMatchObject({
    status: 1,
    text: expect.stringContaining('--force moves it aside') as string,
  });
  expect(await run('restore', '--from', copy, '--state', other, '--force')).toMatchObject({
    status: 0,
    text: expect.stringMatching(/what was there is in .*other\.before-\d+/) as string,
  });
  expect(readdirSync(folder).filter((name) => name.startsWith('other.before-'))).toHaveLength(1);
  appendFileSync(join(copy, 'admin-token'), 'x');
  expect(await run('restore', '--from', copy, '--state', join(folder, 'third'))).toMatchObject({
    status: 1,
    text: expect.stringContaining('admin-token is not what was backed up') as string,
  });
  expect(existsSync(join(folder, 'third', 'admin-token'))).toBe(false);
  expect(
    await run('backup', '--state', join(folder, 'nowhere'), '--to', join(folder, 'fourth')),
  ).toMatchObject({ status: 1 });
  expect(existsSync(join(folder, 'fourth'))).toBe(false);
});
