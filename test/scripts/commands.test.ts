import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const runTask = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/run.mjs', ...args], { cwd: root, encoding: 'utf8' });

describe('package.json', () => {
  it('runs every command through scripts/run.mjs, the shell replaced so that signals and status pass', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [name, script] of Object.entries(scripts))
      expect(script).toBe(`exec node scripts/run.mjs ${name}`);
  });
});

describe('package-lock.json', () => {
  const text = readFileSync(`${root}/package-lock.json`, 'utf8');

  it('names no registry', () => {
    expect(text).not.toContain('"resolved"');
  });

  it.each(['x64', 'arm64'])('holds what Linux on %s needs', (arch) => {
    const { packages } = JSON.parse(text) as { packages: Record<string, { integrity?: string }> };
    const workerd = `@cloudflare/workerd-linux-${arch === 'x64' ? '64' : arch}`;
    for (const name of [
      `node-linux-${arch}`,
      workerd,
      `@esbuild/linux-${arch}`,
      `@koromix/koffi-linux-${arch}`,
    ]) {
      expect(packages[`node_modules/${name}`]?.integrity, name).toMatch(/^sha512-/);
    }
  });
});

describe('scripts/run.mjs', () => {
  it('refuses a task that does not exist, names those that do, with status 2', () => {
    const { status, stderr } = runTask('nonsense');
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^edgedive: unknown task nonsense; known: backup, bench, check, cli, conformance, .*test\n$/,
    );
  });

  it('does not take a path for a task', () => {
    expect(runTask('../setup/apt').status).toBe(2);
  });

  it('hands on the status of the task', () => {
    const { status, stderr } = runTask('conformance', 'nothing-of-the-kind');
    expect(status).toBe(2);
    expect(stderr).toMatch(/unknown: nothing-of-the-kind; one of .*flows/);
  });

  it('runs the task with the pinned Node, whichever Node runs it', () => {
    const { status, stdout } = runTask('setup');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^set up: Node 24\./);
  });
});
