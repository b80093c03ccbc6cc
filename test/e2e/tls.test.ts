/**
 * TLS as its users have it: `npm start` with certificates of openssl, clients and probes that check them, files that change
 * while it runs.
 */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from './harness/edgedive.ts';
import { Running } from './harness/process.ts';

let folder: string;
let started: Running[] = [];
const at = (name: string) => join(folder, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function issue(name: string, authority: string): void {
  openssl('req', ...EC, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const signing = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-extfile', 'names'];
  openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-days', '2', '-out', `${name}.pem`);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgedive-tls-'));
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  for (const name of ['ca', 'stranger'])
    openssl('req', '-x509', ...EC, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`);
  for (const name of ['first', 'second', 'client']) issue(name, 'ca');
  issue('foreign', 'stranger');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const running of started) if (!running.ended) await running.stop('SIGKILL');
  started = [];
});

function place(name: string): void {
  copyFileSync(at(`${name}.pem`), at('server.pem'));
  copyFileSync(at(`${name}.key`), at('server.key'));
}

async function start(...args: string[]): Promise<{ running: Running; port: number }> {
  place('first');
  const state = mkdtempSync(at('state-'));
  const files = ['--tls-cert', at('server.pem'), '--tls-key', at('server.key')];
  const running = Running.task('start', ['--listen', '127.0.0.1:0', '--state', state, ...files, ...args]);
  started.push(running);
  const ready = await running.printed(/^Edgedive ready: https:\/\/127\.0\.0\.1:(\d+)$/m);
  return { running, port: Number(ready[1]) };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function ask(port: number, options: object, ask = request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const given = { host: '127.0.0.1', port, path: '/api', agent: false, ...options };
    const sent = ask(given, (said) => {
      text(said).then((body) => resolve({ status: said.statusCode, headers: said.headers, body }), reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

const trusting = () => ({ ca: readFileSync(at('ca.pem')) });

async function subjectOf(port: number): Promise<string> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ...trusting() });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerX509Certificate()!;
  socket.destroy();
  return subject;
}

function pinOf(name: string): string {
  const key = new X509Certificate(readFileSync(at(`${name}.pem`))).publicKey;
  return `sha256/${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64')}`;
}

describe('the listener with TLS', () => {
  it('answers over TLS only, and the analyzer knows it', async () => {
    const { port } = await start('--no-probe');
    const answer = await ask(port, trusting());
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toContain('max-age=');
    const plain = await ask(port, {}, plainRequest);
    expect([plain.status, plain.body]).toEqual([400, 'Client sent an HTTP request to an HTTPS server.\n']);
    await expect(ask(port, { ...trusting(), maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
    await expect(ask(port, {})).rejects.toThrow('verify');
  });

  it('tells the analyzer the real address of a subscriber', async () => {
    const { port } = await start('--no-probe');
    const socket = new WebSocket(`wss://127.0.0.1:${port}/ws/subscriber`, {
      ...trusting(),
      headers: {
        'X-Client-Type': 'test',
        'X-Host-ID': 'watcher',
        'X-Forwarded-For': '9.9.9.9',
        'CF-Connecting-IP': '9.9.9.9',
      },
    });
    await once(socket, 'open');
    const status = await ask(port, { ...trusting(), path: '/api/status' });
    const { Subscribers } = JSON.parse(status.body) as { Subscribers: Record<string, { Addr: string }> };
    expect(Subscribers['watcher']?.Addr).toBe('127.0.0.1');
    socket.close();
    await once(socket, 'close');
  });

  it('takes new files while it runs, keeps the old pair when the new one is bad, and open sockets stay', async () => {
    const { running, port } = await start('--no-probe');
    const socket = new WebSocket(`wss://127.0.0.1:${port}/ws/subscriber`, {
      ...trusting(),
      headers: { 'X-Client-Type': 'test' },
    });
    await once(socket, 'open');
    expect(await subjectOf(port)).toBe('CN=first');
    place('second');
    await eventually(async () => expect(await subjectOf(port)).toBe('CN=second'));
    copyFileSync(at('first.key'), at('server.key'));
    await eventually(() => expect(running.stderr).toMatch(/the certificate stays as it was: .*server\.key/));
    expect(await subjectOf(port)).toBe('CN=second');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
  });

  it('lets in only clients with a certificate of the authority where that is asked', async () => {
    const { port } = await start('--no-probe', '--tls-ca', at('ca.pem'), '--tls-require-client-cert');
    const own = (name: string) => ({
      ...trusting(),
      cert: readFileSync(at(`${name}.pem`)),
      key: readFileSync(at(`${name}.key`)),
    });
    expect((await ask(port, own('client'))).status).toBe(200);
    await expect(ask(port, trusting())).rejects.toThrow();
    await expect(ask(port, own('foreign'))).rejects.toThrow();
  });

  it('refuses a foreign certificate also where none is needed', async () => {
    const { port } = await start('--no-probe', '--tls-ca', at('ca.pem'));
    expect((await ask(port, trusting())).status).toBe(200);
    const foreign = { cert: readFileSync(at('foreign.pem')), key: readFileSync(at('foreign.key')) };
    await expect(ask(port, { ...trusting(), ...foreign })).rejects.toThrow();
  });

  it('is not started with a key of another certificate', async () => {
    const files = ['--tls-cert', at('first.pem'), '--tls-key', at('second.key')];
    const running = Running.task('start', ['--listen', '127.0.0.1:0', '--state', at('none'), ...files]);
    started.push(running);
    expect(await running.end()).toBe(2);
    expect(running.stderr).toContain('tls.server_key:');
  });
});

describe('a probe over TLS', () => {
  it('connects with authority and pin, and says in a line why it does not', async () => {
    const { port } = await start('--no-probe');
    const probe = (...args: string[]) => {
      const running = Running.task('probe', ['--analyzer', `https://127.0.0.1:${port}`, ...args]);
      started.push(running);
      return running;
    };
    const ca = ['--ca', at('ca.pem')];
    const good = probe('--host-id', 'good', ...ca, '--pin', pinOf('first'));
    const wrongPin = probe('--host-id', 'pin', ...ca, '--pin', pinOf('second'));
    const wrongPinInsecure = probe('--host-id', 'insecure', '--insecure', '--pin', pinOf('second'));
    const noAuthority = probe('--host-id', 'authority');
    const output = ({ stdout, stderr }: Running) => stdout + stderr;
    await eventually(() => expect(output(good)).toContain('connected to wss://'));
    const mismatch = `the analyzer's public key is ${pinOf('first')}, not the pinned one; retrying`;
    await eventually(() => expect(output(wrongPin)).toContain(mismatch));
    await eventually(() => expect(output(wrongPinInsecure)).toContain(mismatch));
    await eventually(() => expect(output(noAuthority)).toContain('of an unknown authority; --ca names one'));
    const status = await ask(port, { ...trusting(), path: '/api/status' });
    const { Agents } = JSON.parse(status.body) as { Agents: Record<string, unknown> };
    expect(Object.keys(Agents)).toEqual(['good']);
  });
});
