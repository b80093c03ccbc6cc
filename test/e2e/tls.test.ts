/** TLS of an analyzer of one's own, with certificates made here: clients, sockets, probes with pins, and a certificate that changes. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from './harness/edgedive.ts';
import { Running } from './harness/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgedive-tls-'));
const file = (name: string) => join(folder, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });

function makeAuthority(name: string): void {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-subj',
    `/CN=${name}`,
  );
}

function makeCertificate(name: string, authority: string, cn: string): void {
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${cn}`,
  );
  writeFileSync(file(`${name}.ext`), 'subjectAltName=DNS:localhost,DNS:analyzer.example,IP:127.0.0.1\n');
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    `${authority}.pem`,
    '-CAkey',
    `${authority}.key`,
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.pem`,
  );
}

const pinOf = (name: string) => {
  const { publicKey } = new X509Certificate(readFileSync(file(`${name}.pem`)));
  return `sha256/${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')}`;
};

describe('TLS', () => {
  let analyzer: Running;
  let address = '';
  let ca: Buffer;

  async function start(...args: string[]): Promise<Running> {
    const state = mkdtempSync(join(folder, 'state-'));
    const running = Running.task('start', [
      '--listen',
      '127.0.0.1:0',
      '--state',
      state,
      '--no-probe',
      ...args,
    ]);
    const ready = await running.printed(/^Edgedive ready: https:\/\/(\S+)$/m);
    address = ready[1]!;
    return running;
  }

  beforeAll(async () => {
    makeAuthority('ca');
    makeAuthority('other');
    makeCertificate('first', 'ca', 'first');
    makeCertificate('second', 'ca', 'second');
    makeCertificate('client', 'ca', 'a client');
    makeCertificate('stranger', 'other', 'a stranger');
    copyFileSync(file('first.pem'), file('server.pem'));
    copyFileSync(file('first.key'), file('server.key'));
    ca = readFileSync(file('ca.pem'));
    analyzer = await start('--tls-cert', file('server.pem'), '--tls-key', file('server.key'));
  });
  afterAll(async () => {
    await analyzer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const [answer] = (await once(
      get(`https://${address}${path}`, { ca, agent: false, ...options }),
      'response',
    )) as [IncomingMessage];
    return answer;
  }

  const said = (running: Running, pattern: RegExp) =>
    eventually(() => expect(`${running.stdout}${running.stderr}`).toMatch(pattern));

  async function shownName(): Promise<string> {
    const [host, port] = address.split(':') as [string, string];
    const socket = connectTls({ host, port: Number(port), ca });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  }

  it('answers, and says that it is to be asked so', async () => {
    const answer = await ask('/api');
    expect([answer.statusCode, answer.headers['strict-transport-security']]).toEqual([
      200,
      'max-age=63072000; includeSubDomains',
    ]);
    expect(JSON.parse(await text(answer))).toMatchObject({ Service: 'analyzer' });
    expect((await ask('/api', { headers: { Host: 'analyzer.example' } })).statusCode).toBe(200);
    const elsewhere = { headers: { Host: 'elsewhere.example' }, checkServerIdentity: () => undefined };
    expect((await ask('/api', elsewhere)).statusCode).toBe(403);
  });

  it('tells who speaks plain HTTP', async () => {
    const [answer] = (await once(getPlain(`http://${address}/api`, { agent: false }), 'response')) as [
      IncomingMessage,
    ];
    expect([answer.statusCode, await text(answer)]).toEqual([
      400,
      'Client sent an HTTP request to an HTTPS server.\n',
    ]);
  });

  it('carries sockets, and says where their clients are', async () => {
    const socket = new WebSocket(`wss://${address}/ws/subscriber`, {
      ca,
      headers: { 'X-Client-Type': 't', 'X-Host-ID': 'tls-1', 'CF-Connecting-IP': '192.0.2.1' },
    });
    await once(socket, 'open');
    socket.send('{"Namespace":"Graph","Type":"SyncRequest","UUID":"r1","Obj":{}}');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(message.toString())).toMatchObject({ Type: 'SyncReply', UUID: 'r1' });
    const status = JSON.parse(await text(await ask('/api/status'))) as {
      Subscribers: Record<string, { Addr: string }>;
    };
    expect(status.Subscribers['tls-1']?.Addr).toBe('127.0.0.1');
    socket.terminate();
  });

  it('a probe knows its analyzer by authority and key', async () => {
    const probe = (...args: string[]) =>
      Running.task('probe', [
        '--analyzer',
        `https://${address}`,
        '--host-id',
        'tls-probe',
        '--sources',
        'none',
        ...args,
      ]);
    const unknown = probe();
    await said(unknown, /unable to verify|self-signed|issuer/);
    await unknown.stop();
    const wrong = probe('--ca', file('ca.pem'), '--pin', pinOf('second'));
    await said(wrong, /which is not one of those pinned/);
    await wrong.stop();
    const right = probe('--ca', file('ca.pem'), '--pin', `${pinOf('second')},${pinOf('first')}`);
    await said(right, /topology: connected to wss:/);
    await right.stop();
  });

  it('takes a new certificate without a restart, and keeps the old one when the new one is none', async () => {
    const old = new WebSocket(`wss://${address}/ws/subscriber?x-client-type=t`, { ca });
    await once(old, 'open');
    expect(await shownName()).toBe('first');
    writeFileSync(file('server.pem'), 'no certificate');
    await said(analyzer, /TLS: the certificate stays as it was/);
    expect(await shownName()).toBe('first');
    copyFileSync(file('second.key'), file('server.key'));
    copyFileSync(file('second.pem'), file('server.pem'));
    await eventually(async () => expect(await shownName()).toBe('second'));
    expect(old.readyState).toBe(WebSocket.OPEN);
    old.terminate();
  });

  it('asks for client certificates where that is set', async () => {
    await analyzer.stop();
    writeFileSync(
      file('edgedive.yml'),
      `tls: { server_cert: ${file('first.pem')}, server_key: ${file('first.key')}, ca_cert: ${file('ca.pem')}, require_client_cert: true }\n`,
    );
    analyzer = await start('--config', file('edgedive.yml'));
    const withClient = (name: string) =>
      ask('/api', { cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}.key`)) });
    expect((await withClient('client')).statusCode).toBe(200);
    await expect(withClient('stranger')).rejects.toThrow();
    await expect(ask('/api')).rejects.toThrow();
  });
});
