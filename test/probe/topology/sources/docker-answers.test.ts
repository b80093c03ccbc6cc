/**
 * What the Docker source makes of an engine's answers: those of Docker 20.10, shortened, as recorded here, and those
 * that no engine should give.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DockerSource } from '../../../../probe/topology/sources/docker.ts';
import { eventually } from '../live.ts';
import { fakeHost, type FakeHost } from './fake-host.ts';

const ID = '535a33b8d5d6fe809c0b5356095f8a4549221a605dfafa420cc1bb96578726f0';
const IMAGE_ID = 'sha256:5cf65ef2707151ef6e9b6d838e8315a49b1453c9ea65cc1d520cd6f6d6dc96a8';
const VERSION = { Version: '20.10.24+dfsg1', ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux' };
const INSPECTED = {
  Id: ID,
  Created: '2026-11-26T02:23:41.486372611Z',
  State: { Status: 'running', Running: true, Paused: false, Pid: 14500, ExitCode: 0 },
  Image: IMAGE_ID,
  Name: '/web',
  HostConfig: { NetworkMode: 'none', Binds: null },
  Config: { Image: 'tiny', Labels: { 'a.b': 'c' }, Cmd: ['/bin/sleep', '1000'] },
};
const STARTED = {
  status: 'start',
  id: ID,
  from: 'tiny',
  Type: 'container',
  Action: 'start',
  Actor: { ID, Attributes: { image: 'tiny', name: 'web' } },
};

describe('DockerSource', () => {
  let folder: string;
  let server: Server;
  let stop: AbortController;
  let host: FakeHost;
  let events: ServerResponse | undefined;
  let answers: Record<string, unknown>;
  let source: DockerSource;

  const answer: RequestListener = ({ url = '' }, response) => {
    const path = url.replace(/^\/v1\.41/, '').replace(/\?.*/, '');
    if (path === '/events') {
      events = response;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      return;
    }
    const given = answers[path];
    if (given === undefined) response.writeHead(404).end('{"message":"No such container"}');
    else response.end(typeof given === 'string' ? given : JSON.stringify(given));
  };
  /** Resolves with what the source threw. */
  const follow = async (): Promise<string> => {
    try {
      await source.follow(host, stop.signal);
      return 'returned';
    } catch (error) {
      return (error as Error).message;
    }
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edgedive-engine-'));
    server = createServer(answer);
    await new Promise<void>((resolve) => void server.listen(join(folder, 'socket'), resolve));
    stop = new AbortController();
    host = fakeHost();
    events = undefined;
    source = new DockerSource(join(folder, 'socket'));
    answers = {
      '/version': VERSION,
      '/containers/json': [{ Id: ID, Names: ['/web'] }],
      [`/containers/${ID}/json`]: INSPECTED,
    };
  });
  afterEach(() => {
    stop.abort();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
    vi.restoreAllMocks();
  });

  it('shows what runs already, and removes it when it dies', async () => {
    void follow();
    await eventually(() => expect(host.metadataOf('web')).toBeDefined());
    expect(host.metadataOf('web')).toEqual({
      Name: 'web',
      Type: 'container',
      Manager: 'docker',
      Container: {
        ID,
        Image: 'tiny',
        ImageID: IMAGE_ID,
        Runtime: 'docker',
        Status: 'running',
        InitProcessPID: 14500,
        Labels: { a: { b: 'c' } },
      },
    });
    expect(host.pictures.at(-1)?.nodes[0]?.owner).toEqual({
      kind: 'netns',
      path: '/proc/14500/ns/net',
      label: { Name: 'web', Manager: 'docker' },
    });
    events!.write(JSON.stringify({ ...STARTED, Action: 'die' }));
    await eventually(() => expect(host.pictures.at(-1)?.nodes).toEqual([]));
    expect(source.status()).toEqual({ version: '20.10.24+dfsg1', events: 1 });
  });

  it('takes events in pieces and several at once', async () => {
    answers['/containers/json'] = [];
    void follow();
    await eventually(() => expect(host.pictures).toHaveLength(1));
    const text = `${JSON.stringify(STARTED)}\n${JSON.stringify({ ...STARTED, Action: 'pause' })}\n`;
    for (const part of text.match(/[^]{1,7}/g)!) events!.write(part);
    await eventually(() => expect(host.metadataOf('web')).toBeDefined());
    await eventually(() => expect(source.status()).toMatchObject({ events: 2 }));
  });

  it('returns when it is stopped, and throws when the engine ends', async () => {
    const ended = follow();
    await eventually(() => expect(events).toBeDefined());
    events!.end();
    expect(await ended).toBe('the engine ended the connection');
    events = undefined;
    const stopped = follow();
    await eventually(() => expect(events).toBeDefined());
    stop.abort();
    expect(await stopped).toMatch(/abort/);
  });

  it.each([
    ['no JSON', '<html>', 'no JSON: <html>'],
    ['half a JSON', '{"ApiVersion":"1.4', 'no JSON: {"ApiVersion":"1.4'],
    ['another program', '{"hello":"world"}', /is no Docker engine$/],
    ['a version that would be a path', '{"ApiVersion":"../x"}', /is no Docker engine$/],
    ['a list', '[]', /is no Docker engine$/],
  ])('throws at %s', async (_what, text, expected) => {
    answers['/version'] = text;
    expect(await follow()).toMatch(expected);
    expect(host.pictures).toEqual([]);
  });

  it('throws at events that are none', async () => {
    const ended = follow();
    await eventually(() => expect(events).toBeDefined());
    events!.write('garbage');
    expect(await ended).toBe('no JSON object: byte 0x67');
  });

  it('stops reading an answer that does not end', async () => {
    server.removeAllListeners('request');
    server.on('request', (_request, response: ServerResponse) => {
      const part = Buffer.alloc(1_048_576, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(part));
      };
      response.on('drain', more);
      more();
    });
    expect(await follow()).toBe('an answer of more than 67108864 bytes');
  });

  it('complains of what it cannot read of one container and shows the others', async () => {
    const other = 'b'.repeat(64);
    answers['/containers/json'] = [{ Id: ID }, { Id: other }, { Id: '../../images' }, { Id: 7 }, null];
    answers[`/containers/${other}/json`] = '{"Id":';
    void follow();
    await eventually(() => expect(host.metadataOf('web')).toBeDefined());
    expect(host.complaints).toEqual([
      'container bbbbbbbbbbbb: no JSON: {"Id":',
      'not the id of a container: "../../images"',
      'not the id of a container: ""',
      'not the id of a container: ""',
    ]);
  });

  it.each([
    ['a name of the wrong type', { ...INSPECTED, Name: 7 }, { Name: ID }],
    ['labels of the wrong type', { ...INSPECTED, Config: { Labels: [1], Image: null } }, { Name: 'web' }],
    ['nothing but a process', { Id: ID, State: { Pid: 3 } }, { Name: ID }],
  ])('shows what is left of a container with %s', async (_what, inspected, expected) => {
    answers[`/containers/${ID}/json`] = inspected;
    void follow();
    await eventually(() => expect(host.pictures.at(-1)?.nodes).toHaveLength(1));
    expect(host.pictures.at(-1)?.nodes[0]?.metadata).toMatchObject(expected);
  });

  it.each([{ Pid: 0 }, { Pid: -1 }, { Pid: '14500' }, { Pid: 1.5 }, 'running', null])(
    'shows nothing of a container whose state is %j',
    async (state) => {
      answers[`/containers/${ID}/json`] = { ...INSPECTED, State: state };
      void follow();
      await eventually(() => expect(host.pictures.at(-1)?.nodes).toEqual([]));
    },
  );
});
