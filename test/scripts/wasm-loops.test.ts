import { describe, expect, test } from 'vitest';
import { withCountedLoops } from '../../scripts/wasm-loops.ts';

/** Node's, of which its types tell only in part. */
const wasm = (globalThis as unknown as Record<'WebAssembly', WasmOfNode>).WebAssembly;
interface WasmOfNode {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, (parameter: number) => number>> };
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];

/**
 * (import "env" "ask" (func (result i32))) (import "env" "pause" (func (param i32 i32) (result i32)))
 * (func (export "run") (param i32) (result i32) …)
 */
function moduleOf(code: readonly number[]): Uint8Array {
  const body = [0, ...code, 0x0b];
  const sections = [
    section(1, 3, 0x60, 0, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f),
    section(2, 2, ...text('env'), ...text('ask'), 0, 0, ...text('env'), ...text('pause'), 0, 1),
    section(3, 1, 2),
    section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    section(7, 1, ...text('run'), 0, 2),
    section(10, 1, body.length, ...body),
  ];
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}
/** Counts its parameter down in a loop, and gives it: (loop (br_if 0 (local.tee 0 (i32.sub …)))) (local.get 0) */
const COUNT_DOWN = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0];
const counted = (module: Uint8Array, turns = 10) =>
  withCountedLoops(module, { ask: ['env', 'ask'], pause: ['env', 'pause'], turns });

function run(module: Uint8Array, parameter: number, ask: () => number, pause: () => number): number {
  const { exports } = new wasm.Instance(new wasm.Module(module), {
    env: { ask, pause },
  });
  return exports['run']!(parameter);
}

describe('withCountedLoops', () => {
  test('asks after so many turns, pauses when told to, and goes on', () => {
    let asked = 0;
    let paused = 0;
    const ask = (): number => (++asked % 2 === 0 ? 1 : 0);
    const pause = (): number => {
      paused++;
      return 0;
    };
    expect(run(counted(moduleOf(COUNT_DOWN)), 100, ask, pause)).toBe(0);
    expect([asked, paused]).toEqual([10, 5]);
  });

  test('ends by a trap when the pause says so', () => {
    expect(() =>
      run(
        counted(moduleOf(COUNT_DOWN)),
        100,
        () => 1,
        () => 1,
      ),
    ).toThrow('unreachable');
  });

  test('changes nothing of what has no loop', () => {
    const never = (): number => expect.unreachable();
    expect(run(counted(moduleOf([0x20, 0])), 7, never, never)).toBe(7);
  });

  test('refuses what it does not know', () => {
    expect(() => counted(moduleOf([0xfd, 0, 0]))).toThrow('unknown instruction fd');
    expect(() => counted(moduleOf([0xfc, 99]))).toThrow('unknown instruction fc 99');
    expect(() =>
      withCountedLoops(moduleOf([0x20, 0]), { ask: ['env', 'no'], pause: ['env', 'pause'], turns: 1 }),
    ).toThrow('does not import env.no');
  });
});
