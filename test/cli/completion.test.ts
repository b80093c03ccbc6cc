/** Completions as the shells themselves make them of the scripts; a shell that is not on this machine is left out. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completionScript, SHELLS, type Shell } from '../../cli/commands/completion.ts';
import { makeProgram } from '../../cli/program.ts';

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    return false;
  }
};

/** What the shell offers behind these words, the last of which is not finished. The analyzer knows one id. */
const offered: Readonly<Record<Exclude<Shell, 'zsh'>, (words: readonly string[]) => string[]>> = {
  bash: (words) => {
    const typed = words.map((word) => `'${word}'`).join(' ');
    const ask = `edgedive() { echo "id-of-\${*: -1}$([ $# -gt 2 ] && echo -with-$2)"; }; COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _edgedive; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run('bash', `${completionScript('bash', makeProgram())}\n${ask}`);
  },
  fish: (words) => {
    const ask = `function edgedive; set -l with; test (count $argv) -gt 2; and set with -with-$argv[2]; echo id-of-$argv[-1]"$with"; end; complete -C '${words.join(' ')}'`;
    const lines = run('fish', `${completionScript('fish', makeProgram())}\n${ask}`);
    return lines.map((line) => line.split('\t')[0]!);
  },
};

function run(shell: string, script: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-completion-'));
  try {
    const file = join(folder, 'script');
    writeFileSync(file, script);
    const printed = execFileSync(shell, [file], { encoding: 'utf8', env: { ...process.env, HOME: folder } });
    return printed.split('\n').filter((line) => line !== '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(['bash', 'fish'] as const)('%s', (shell) => {
  test.runIf(has(shell))('offers commands, flags, values and ids', () => {
    const behind = (...words: readonly string[]): string[] => offered[shell](['edgedive', ...words]);
    expect(behind('cap')).toEqual(['capture']);
    expect(behind('capture', 'cr')).toEqual(['create']);
    expect(behind('flows', 'observe', '--from')).toEqual(
      expect.arrayContaining(['--from-ip', '--from-port']),
    );
    expect(behind('capture', 'list', '--ana').map((word) => word.replace(/=$/, ''))).toContain('--analyzer');
    expect(behind('flows', 'observe', '-o', 'com')).toEqual(['compact']);
    expect(behind('node-rule', 'delete', 'id')).toEqual(['id-of-node-rule']);
    expect(behind('exit')).toEqual([]);
    // An alias leads where its command leads; a value is no command, whatever it is called.
    expect(behind('noderule', 'del')).toEqual(['delete']);
    expect(behind('capture', 'create', '--name', 'delete', '--grem')).toEqual(['--gremlin']);
    expect(behind('--analyzer', 'capture', 'capture', 'delete', 'id')).toEqual([
      'id-of-capture-with-capture',
    ]);
  });
});

test.runIf(has('zsh'))('zsh takes the script', () => {
  const script = `autoload -U compinit; compinit -D -u\n${completionScript('zsh', makeProgram())}\nwhence -w _edgedive`;
  expect(run('zsh', script)).toEqual(['_edgedive: function']);
});

test('there is a script for each shell', () => {
  expect(SHELLS).toEqual(['bash', 'zsh', 'fish']);
});
