/** Nothing that a stranger named can steer the terminal of whoever looks at it. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { flowPrinter } from '../../cli/flow-printer.ts';
import { harmless, note, print, printJson, printLine, styled } from '../../cli/output.ts';

const EVIL = 'a\u001b]0;owned\u0007\u009b2J\u007f\r\u202eb';
const SHOWN = String.raw`a\u001b]0;owned\u0007\u009b2J\u007f\u000d\u202eb`;

function printed(stream: 'stdout' | 'stderr', act: () => void): string {
  const texts: string[] = [];
  const spy = vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    texts.push(String(text));
    return true;
  });
  act();
  spy.mockRestore();
  return texts.join('');
}
afterEach(() => vi.unstubAllEnvs());

describe('control characters', () => {
  test('are named', () => {
    expect(printed('stdout', () => print(`${EVIL}\n\tx`))).toBe(`${SHOWN}\n\tx\n`);
    expect(printed('stderr', () => note(EVIL))).toBe(`${SHOWN}\n`);
    expect(printed('stdout', () => printLine('a\nb\tc'))).toBe('a\\u000ab\\u0009c\n');
  });

  test('leave JSON what it was', () => {
    const text = printed('stdout', () => printJson({ Name: EVIL }));
    expect(JSON.parse(text)).toEqual({ Name: EVIL });
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test('in names of flows are named too', () => {
    const flow = { Start: 0, Last: 0, Application: EVIL, LayersPath: '', NodeTID: '' };
    for (const output of ['compact', 'table', 'json', 'jsonpb'] as const) {
      const text = printed('stdout', () => flowPrinter(output)(flow, `${EVIL}\nforged line`));
      expect(text).not.toContain(EVIL[1]);
      expect(text).not.toMatch(/^forged/m);
    }
  });

  test('of our own colours stay; a name cannot make any', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    expect(harmless(styled('red', 'x\u001b[0m'))).toBe('\u001b[31mx\\u001b[0m\u001b[39m');
  });
});
