/** What installs an analyzer without a person at the keyboard: the container, the services, the Worker on Cloudflare. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { makeProgram } from '../../cli/program.ts';
import { root } from '../../scripts/process/paths.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n');

  it('copies what is there', () => {
    const copies = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
    expect(copies.length).toBeGreaterThan(4);
    for (const source of copies) expect([source, existsSync(join(root, source))]).toEqual([source, true]);
  });

  it('runs commands that the package has', () => {
    const tasks = [...lines.join('\n').matchAll(/run\.mjs"?,? "?(\w+)/g)].map(([, task]) => task!);
    expect(new Set(tasks)).toEqual(new Set(['setup', 'start', 'probe']));
    for (const task of tasks) expect(existsSync(join(root, 'scripts/tasks', `${task}.ts`)), task).toBe(true);
    const flags = /CMD (.*)/.exec(lines.join('\n'))![1]!;
    for (const [flag] of flags.matchAll(/--[\w-]+/g))
      expect(read('scripts/start/options.ts')).toContain(flag);
  });

  it('runs the analyzer without root, with a state that it may write', () => {
    expect(lines).toContain('USER node');
    expect(lines.indexOf('USER node')).toBeGreaterThan(
      lines.findLastIndex((line) => line.startsWith('FROM')),
    );
    expect(lines).toContain('RUN install -d -o node -g node -m 700 /var/lib/edgedive');
    // Docker gives a new volume the owner of the folder that it covers, so the folder has to come first.
    expect(lines.indexOf('VOLUME /var/lib/edgedive')).toBeGreaterThan(lines.indexOf('USER node'));
  });

  it('asks everybody who they are, since others reach it', () => {
    expect(lines.join('\n')).not.toContain('insecure');
  });
});

describe('the analyzer as a service', () => {
  const unit = 'scripts/systemd/edgedive-analyzer.service';

  it('runs the start task with a state of its own, without root', () => {
    const text = read(unit);
    expect(text).toMatch(/^User=edgedive$/m);
    expect(text).toContain('scripts/tasks/start.ts --state /var/lib/edgedive --no-probe');
    expect(text).toContain('StateDirectory=edgedive');
  });

  it.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('is one that systemd can read', () => {
    expect(
      execFileSync('systemd-analyze', ['verify', '--man=no', join(root, unit)], { encoding: 'utf8' }),
    ).toBe('');
  });
});

describe('the Worker on Cloudflare', () => {
  it('would be deployed with every object, variable and limit that it asks for', { timeout: 120_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgedive-deploy-'));
    try {
      const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
      const said = execFileSync(
        process.execPath,
        [wrangler, 'deploy', '--dry-run', '--outdir', folder, '--metafile'],
        {
          cwd: root,
          encoding: 'utf8',
          env: { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' },
        },
      );
      expect(said).toContain('--dry-run: exiting now.');
      // Whatever the Worker's types say is there and is not optional, beside secrets and what only `npm start` gives.
      const types = read('worker/env.d.ts');
      const asked = [...types.matchAll(/readonly ([A-Z][A-Z_]+): /g)].map(([, name]) => name!);
      expect(asked.length).toBeGreaterThan(30);
      for (const name of asked) expect(said).toMatch(new RegExp(`env\\.${name}(?: \\(|\\s+Assets)`));
      // Each class is made by a migration, once.
      const toml = read('wrangler.toml');
      const made = [...toml.matchAll(/new_sqlite_classes = (\[.*\])/g)].flatMap(
        ([, list]) => JSON.parse(list!) as string[],
      );
      const bound = [...toml.matchAll(/class_name = "(\w+)"/g)].map(([, name]) => name!);
      expect(made.toSorted()).toEqual(bound.toSorted());
      // The free plan takes 3 MB, gzipped.
      const [, size] = /gzip: ([\d.]+) KiB/.exec(said)!;
      expect(Number(size)).toBeLessThan(3_000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('docs/deploy.md', () => {
  const page = read('docs/deploy.md');

  it('uses commands, secrets and bindings that are there', () => {
    const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
    const run = [...page.matchAll(/npm run ([\w-]+)/g)].map(([, name]) => name!);
    for (const name of run) expect(Object.keys(scripts)).toContain(name);
    const wrangler = read('wrangler.toml');
    for (const [, name] of page.matchAll(/wrangler secret put (\w+)/g))
      expect(read('worker/env.d.ts')).toContain(name!);
    for (const [name] of page.matchAll(/EDGEDIVE_[A-Z_]+/g))
      expect(`${wrangler}\n${read('core/config/settings.ts')}`).toContain(name);
  });

  it('gives the command line flags that it takes', () => {
    const flagsOf = (command: Command): string[] => [
      ...command.options.flatMap(({ long }) => long ?? []),
      ...command.commands.flatMap(flagsOf),
    ];
    const known = new Set(flagsOf(makeProgram()));
    const lines = page.split('\n').filter((line) => line.startsWith('npx edgedive'));
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines)
      for (const [flag] of line.matchAll(/(?<= )--[\w-]+/g)) expect(known).toContain(flag);
  });
});
