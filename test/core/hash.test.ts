import { describe, expect, it } from 'vitest';
import { XxHash64, formatHash, parseHash } from '../../core/hash.ts';

/** Digests of one stream of bytes 0, 1, 2 … after so many bytes. */
function digests(...ends: readonly number[]): string[] {
  const hash = new XxHash64();
  const bytes = Uint8Array.from({ length: Math.max(...ends) }, (_, i) => i);
  let from = 0;
  return ends.map((end) => {
    hash.write(bytes, from, end);
    from = end;
    const { high, low } = hash.digest({ high: 0, low: 0 });
    return formatHash(high, low);
  });
}

describe('XxHash64', () => {
  it('keeps the state that a digest at 32 bytes or more leaves behind, as the reference does', () => {
    // Recorded from the reference's library: after 28, 48 and 64 bytes of one stream.
    expect(digests(28, 48, 64)).toEqual(['1424bb04e9f164ff', '8fe437632da06964', 'ca13348f3ebe13b']);
  });

  it('is the standard hash for the first digest of a stream', () => {
    // The third standard value told beside the recorded ones.
    expect(digests(64)).toEqual(['f7c67301db6713f0']);
  });

  it('hashes nothing to the value that flows without network layer carry', () => {
    expect(digests(0)).toEqual(['ef46db3751d8e999']);
  });

  it('starts over with a seed', () => {
    const hash = new XxHash64();
    hash.write(Uint8Array.of(1, 2, 3));
    hash.reset(0, 0);
    const { high, low } = hash.digest({ high: 0, low: 0 });
    expect(formatHash(high, low)).toBe('ef46db3751d8e999');
  });
});

describe('formatHash', () => {
  it('leaves leading zeros out', () => {
    expect(formatHash(0, 0x1a)).toBe('1a');
    expect(formatHash(0x0f, 1)).toBe('f00000001');
    expect(formatHash(-1, -1)).toBe('ffffffffffffffff');
  });

  it('is undone by parseHash, which refuses what is no id', () => {
    for (const text of ['0', '1a', 'f00000001', 'ffffffffffffffff']) {
      const halves = parseHash(text);
      expect(halves && formatHash(halves.high, halves.low)).toBe(text);
    }
    for (const text of ['', 'xyz', 'FF', '12345678123456781']) expect(parseHash(text)).toBeUndefined();
  });
});
