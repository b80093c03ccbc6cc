/**
 * Secrets stay secret: an analyzer with a known value in every secret setting, asked rightly and wrongly, says none of them in what it
 * prints, in its configuration, status and figures, in the text of any refusal, or in the audit trail.
 */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SETTINGS } from '../../core/config/settings.ts';
import { eventually } from './harness/edgedive.ts';
import { Running } from './harness/process.ts';

const SECRETS = {
  admin: `edg_${'a'.repeat(16)}_${'Adm1n-S3cret'.padEnd(43, 'x')}`,
  password: 'Pa55word-of-ann',
  webhook: 'Webh00k-s3cret',
  probe: `edg_${'b'.repeat(16)}_${'Pr0be-S3cret'.padEnd(43, 'y')}`,
  guess: 'Gue55ed-password',
  chosen: 'Ch0sen-token-nobody-has',
  otlp: 'x-key=0tlp-s3cret',
  kafka: 'x-key=Kafka-s3cret',
  s3Key: 'S3-key-1d',
  s3Secret: 'S3-s3cret',
} as const;
const VALUES: Readonly<Record<string, string>> = {
  'auth.admin_token': SECRETS.admin,
  'auth.users': JSON.stringify({ ann: { password: SECRETS.password, roles: ['user'] } }),
  'alerts.secret': SECRETS.webhook,
  'probe.token': SECRETS.probe,
  'export.otlp_headers': SECRETS.otlp,
  'export.kafka_headers': SECRETS.kafka,
  'history.archive_s3_key': SECRETS.s3Key,
  'history.archive_s3_secret': SECRETS.s3Secret,
};
/** Nobody listens there: what is told them fails, and is logged. */
const AWAY: Readonly<Record<string, readonly string[]>> = {
  export: ['otlp: http://127.0.0.1:9', 'kafka: http://127.0.0.1:9/topics/flows'],
  history: ['archive_s3: http://127.0.0.1:9/bucket'],
};

/** A section of the file, with the secrets of it. */
function sectionOf(section: string, lines: readonly string[]): string[] {
  const own = lines.filter((line) => line.startsWith(`${section}.`));
  const named = own.map((line) => line.replace(`${section}.`, '  '));
  return [`${section}:`, ...(AWAY[section] ?? []).map((line) => `  ${line}`), ...named];
}

const directory = mkdtempSync(join(tmpdir(), 'edgedive-secrets-'));
const stateDir = join(directory, 'state');
/** What must be nowhere, by name: those above, in base64 too, and those that are made on the way. */
const known = new Map<string, string>(Object.entries(SECRETS));
/** What was said, by where. */
const said = new Map<string, string>();
let running: Running;
let url: string;
let keys: Server;
let jwt: string;

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const pair = (password: string) => btoa(`ann:${password}`);

async function ask(where: string, path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(`${url}${path}`, init);
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  said.set(`${where}: ${init.method ?? 'GET'} ${path}`, `${headers}\n${await answer.clone().text()}`);
  return answer;
}

function signedJwt(key: KeyObject, issuer: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: issuer, aud: 'edgedive', sub: 'jo', roles: ['user'], exp: Date.now() / 1_000 + 600 };
  const text = `${part({ alg: 'ES256', kid: 'k' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

beforeAll(async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' };
  keys = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'application/json');
    answer.end(JSON.stringify({ keys: [jwk] }));
  }).listen(0, '127.0.0.1');
  await once(keys, 'listening');
  const provider = `http://127.0.0.1:${(keys.address() as AddressInfo).port}`;
  jwt = signedJwt(privateKey, provider);
  known.set('jwt', jwt);
  known.set('signature of the jwt', jwt.split('.')[2]!);
  const secrets = SETTINGS.filter(({ isSecret }) => isSecret === true);
  const lines = secrets.map(({ key }, at) => {
    const [section, name] = key.split('.');
    if (at % 2 === 0) return `${section}.${name}: ${JSON.stringify(VALUES[key])}`;
    writeFileSync(join(directory, key), `${VALUES[key]}\n`);
    return `${section}.${name}_file: ${join(directory, key)}`;
  });
  writeFileSync(
    join(directory, 'edgedive.yml'),
    [
      `listen: 127.0.0.1:0`,
      `state: ${stateDir}`,
      'auth:',
      '  mode: on',
      `  jwt: { keys: "${provider}/keys", issuer: "${provider}", audience: edgedive }`,
      ...lines.filter((line) => line.startsWith('auth.')).map((line) => line.replace('auth.', '  ')),
      'alerts:',
      '  private: on',
      ...lines.filter((line) => line.startsWith('alerts.')).map((line) => line.replace('alerts.', '  ')),
      ...['probe', 'export', 'history'].flatMap((section) => sectionOf(section, lines)),
      '',
    ].join('\n'),
  );
  running = Running.task('start', ['--config', join(directory, 'edgedive.yml')]);
  [, url = ''] = await running.printed(/^Edgedive ready: (http:\/\/\S+)$/m);
});

afterAll(async () => {
  await running?.stop();
  keys?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('an analyzer with secrets', () => {
  it('has a value for each secret setting, and they work', async () => {
    expect(SETTINGS.filter(({ isSecret }) => isSecret === true).map(({ key }) => key)).toEqual(
      expect.arrayContaining(Object.keys(VALUES)),
    );
    expect(Object.keys(VALUES)).toHaveLength(SETTINGS.filter(({ isSecret }) => isSecret === true).length);
    const who = async (headers: Record<string, string>) =>
      ((await (await ask('whoami', '/api/whoami', { headers })).json()) as { Name: string }).Name;
    expect(await who(bearer(SECRETS.admin))).toBe('token:admin');
    expect(await who({ Authorization: `Basic ${pair(SECRETS.password)}` })).toBe('ann');
    expect(await who(bearer(jwt))).toBe('jo');
  });

  it('makes tokens and sessions, which are secrets from then on', async () => {
    const made = await fetch(`${url}/api/token`, {
      method: 'POST',
      headers: bearer(SECRETS.admin),
      body: JSON.stringify({ Name: 'made', Roles: ['guest'] }),
    });
    known.set('made token', ((await made.json()) as { Token: string }).Token.slice(-43));
    const login = await fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'ann', password: SECRETS.password }),
    });
    known.set('session', ((await login.json()) as { Token: string }).Token.slice(-43));
    for (const name of ['password', 'guess'] as const) known.set(`base64 of ${name}`, pair(SECRETS[name]));
  });

  it('refuses in every way that a credential can be wrong', async () => {
    const body = '{"GremlinQuery":"G.V("}';
    const post = { method: 'POST', body };
    const wrong = { Authorization: `Basic ${pair(SECRETS.guess)}` };
    const statuses = [];
    for (let round = 0; round < 22; round++)
      statuses.push((await ask(`guess ${round}`, '/api/capture', { headers: wrong })).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    const answers = [
      await ask('chosen', '/api/capture', { headers: bearer(SECRETS.chosen) }),
      await ask('in the query', `/api/capture?x-auth-token=${SECRETS.guess}`, post),
      await ask('broken jwt', '/api/capture', { headers: bearer(`${jwt.slice(0, -8)}AAAAAAAA`) }),
      await ask('cookie', '/api/capture', { headers: { Cookie: `authtoken=${SECRETS.guess}` } }),
      await ask('login', `/login?username=ann&password=${SECRETS.guess}`, { method: 'POST' }),
      await ask('probe', '/ws/probe/topology', { headers: bearer(SECRETS.probe) }),
      await ask('forbidden', '/api/audit', { headers: bearer(jwt) }),
      await ask('bad query', '/api/topology', { ...post, headers: bearer(SECRETS.admin) }),
      await ask('bad body', '/api/alert', { method: 'POST', body: '{', headers: bearer(SECRETS.admin) }),
      await ask('bad host', '/api/capture', { headers: { ...bearer(SECRETS.admin), Origin: 'null' } }),
    ];
    expect(answers.filter(({ status }) => status >= 400).length).toBeGreaterThanOrEqual(9);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('signs what it tells, without telling the secret', async () => {
    const target = createServer((request, answer) => {
      said.set('webhook', JSON.stringify(request.headers));
      request.on('data', (text: Buffer) => said.set('webhook body', text.toString())).resume();
      answer.end();
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo;
    await ask('alert', '/api/alert', {
      method: 'POST',
      headers: bearer(SECRETS.admin),
      body: JSON.stringify({
        Name: 'a',
        Expression: 'G.V()',
        Action: `http://127.0.0.1:${port}/`,
        Trigger: 'graph',
      }),
    });
    await eventually(() => expect(said.get('webhook')).toMatch(/webhook-signature/));
    target.close();
  });

  it('shows none of them', async () => {
    const headers = bearer(SECRETS.admin);
    const sections = new Set(
      SETTINGS.flatMap(({ key }) => key.split('.').map((_, at, all) => all.slice(0, at + 1).join('.'))),
    );
    for (const key of [...sections, 'storage', 'logging', 'ui', 'analyzer', 'agent'])
      await ask('config', `/api/config/${key}`, { headers });
    for (const path of [
      '/api/config',
      '/api/status',
      '/metrics',
      '/api/audit?limit=1000',
      '/api/token',
      '/api/alert',
      '/openapi.json',
      '/swagger.json',
    ])
      await ask('admin', path, { headers });
    expect(said.get('admin: GET /api/audit?limit=1000')).toMatch(/"Status":429/);
    await running.stop();
    said.set('stdout', running.stdout);
    said.set('stderr', running.stderr);
    const told = [...known].flatMap(([name, secret]) =>
      [...said].filter(([, text]) => text.includes(secret)).map(([where]) => `${name} in ${where}`),
    );
    expect(told).toEqual([]);
    expect(said.size).toBeGreaterThan(60);
  });

  it('keeps them in files that only their owner reads', () => {
    const open = readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter(
      (entry) =>
        entry.isFile() &&
        entry.name === 'workerd.capnp' &&
        (statSync(join(entry.parentPath, entry.name)).mode & 0o77) !== 0,
    );
    expect(open).toEqual([]);
  });
});

describe('what is refused at the start', () => {
  it.each([
    ['a password that YAML takes for an alias', 'auth: { users: { ann: *Hidden-1 } }'],
    ['a list of users', 'auth: { users: [Hidden-1] }'],
    ['a user without a password', 'auth: { users: { ann: { pasword: Hidden-1 } } }'],
    ['a token in the wrong place', 'auth: { admin_token: { is: Hidden-1 } }'],
    ['a secret that is a flag', 'alerts: { secret: { Hidden-1: true } }'],
    ['a file of broken YAML', 'auth: { users_file: $FILE }'],
  ])('%s is not repeated', async (_, text) => {
    const [file, config] = [join(directory, 'broken'), join(directory, 'wrong.yml')];
    writeFileSync(file, 'ann: [*Hidden-1');
    writeFileSync(config, text.replace('$FILE', file));
    for (const task of [
      Running.task('start', ['--config', config, '--state', join(directory, 'unused'), '--no-probe']),
      new Running(process.execPath, ['scripts/edgedive.mjs', 'config', 'check', '--all', config]),
    ]) {
      expect(await task.end()).toBe(2);
      expect(task.stderr).not.toBe('');
      expect(`${task.stdout}${task.stderr}`).not.toContain('Hidden-1');
    }
  });

  it('a probe alone that is not let in does not say with what it tried', async () => {
    const config = join(directory, 'probe.yml');
    writeFileSync(config, `probe: { analyzer: "127.0.0.1:1", token: "${SECRETS.probe}" }\n`);
    const probe = Running.task('probe', ['--config', config, '--host-id', 'h']);
    await eventually(() => expect(probe.stderr).toMatch(/127\.0\.0\.1:1/));
    await probe.stop();
    expect(`${probe.stdout}${probe.stderr}`).not.toContain(SECRETS.probe);
  });
});
