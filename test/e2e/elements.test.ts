/**
 * Nodes, edges and rules against an analyzer as people start it: with the published Python client, and as they were recorded
 * from the reference (`npm run conformance -- rest`).
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { root } from './harness/process.ts';
import { pythonWithSkydiveClient } from './harness/python.ts';

const run = promisify(execFile);
const RECORDINGS = join(root, '../shared/conformance/recordings');

describe('nodes, edges and rules', () => {
  let analyzer: Analyzer;
  beforeAll(async () => {
    analyzer = await startEdgedive({ probe: false });
  });
  afterAll(async () => {
    await analyzer.stop();
  });

  it('serve the Python client', async () => {
    const script = new URL('./python/elements.py', import.meta.url).pathname;
    const { stdout } = await run(await pythonWithSkydiveClient(), ['-W', 'ignore', script, analyzer.address]);
    expect(JSON.parse(stdout)).toEqual({
      updated: { Name: 'server', Type: 'device', Rack: 7 },
      unchanged: '',
      length: { RelationType: 'layer2', Metres: 3 },
      conflict: 'Node ID conflict\n',
      no_name: [
        'invalid schema: (root): Must validate all the schemas (allOf)',
        'Metadata: Must validate all the schemas (allOf)',
        'Metadata: Name is required',
        '(root): Must validate at least one schema (anyOf)',
      ],
      nodes: ['TOR1', 'server', 'switch'],
      edges: 2,
      node_rules: ['create', 'update'],
      edge_rules: ["G.V().Has('Name','TOR1')"],
      room: ['switch', 'server'],
      way: ['server'],
      after_rules: { room: [], nodes: ['server', 'switch'], edges: true },
      end: [0, 0],
    });
  });

  it('answer what was recorded from the reference, or differ for a listed reason', async () => {
    const command = ['run', '-s', 'conformance', '--', 'rest', '--base', analyzer.url];
    const { stdout } = await run('npm', command, { cwd: root });
    expect(stdout).not.toContain('FAIL');
    expect(stdout.trim().split('\n').at(-1)).toBe('110 passed, 0 failed, 21 divergent');
  });

  it.runIf(existsSync(RECORDINGS))('answer every recording (../shared/conformance/recordings)', async () => {
    const fresh = await startEdgedive({ probe: false });
    try {
      const command = ['run', '-s', 'conformance', '--', 'rest', '--base', fresh.url, '--cases', RECORDINGS];
      const { stdout } = await run('npm', command, { cwd: root, maxBuffer: 1 << 24 });
      expect(stdout).not.toContain('FAIL');
      expect(stdout.trim().split('\n').at(-1)).toMatch(
        /^1\d{3} passed, 0 failed, \d+ divergent, 53 skipped$/,
      );
    } finally {
      await fresh.stop();
    }
  });

  it('a recorded answer that is another one fails, as does a line that is no request; a command of a client is left out', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'edgedive-rest-'));
    const request = {
      method: 'GET',
      path: '/api/node/nosuch',
      headers: {},
      body: null,
      body_encoding: 'utf-8',
    };
    const response = { status: 404, headers: [], body: "Node 'other' not found\n", body_encoding: 'utf-8' };
    const lines = [
      { case: 'wrong', request, response },
      { case: 'strange', note: 'neither a request nor a command' },
      { case: 'of a client', argv: ['skydive'] },
    ];
    writeFileSync(join(directory, 'made-up.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
    const command = ['run', '-s', 'conformance', '--', 'rest', '--base', analyzer.url, '--cases', directory];
    await expect(run('npm', command, { cwd: root })).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /nosuch' not found[^]*not understood[^]*0 passed, 2 failed, 0 divergent, 1 skipped\n$/,
      ) as string,
    });
    rmSync(directory, { recursive: true });
  });
});
