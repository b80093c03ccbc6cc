import { describe, expect, it } from 'vitest';
import { Progress } from '../../../probe/files/progress.ts';

function streamOf(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

describe('Progress', () => {
  it('writes over one line of a terminal and leaves it empty', () => {
    const stream = streamOf(true);
    const progress = new Progress(stream, 'a.pcap');
    progress.show(50, 200, 7);
    progress.end();
    const [line, rest] = stream.written[0]!.split('\u001b');
    expect(line).toMatch(/^\r\[######\.{18}\] 25 % 7 packets, \d+\/s {2}a\.pcap$/);
    expect(rest).toBe('[K');
    expect(stream.written[1]).toBe('\r\u001b[K');
  });

  it('does not write more often than somebody can read', () => {
    const stream = streamOf(true);
    const progress = new Progress(stream, 'a.pcap');
    for (let i = 0; i < 1_000; i++) progress.show(i, 1_000, i);
    expect(stream.written.length).toBeLessThan(20);
  });

  it('keeps within the terminal, and shows no share of what has no size', () => {
    const stream = streamOf(true, 20);
    new Progress(stream, 'a-very-long-name.pcap').show(1, 0, 123_456);
    expect(stream.written[0]).toMatch(/^\r123456 packets.{5}/);
    expect(stream.written[0]!.length).toBeLessThanOrEqual(20 + '\r\u001b[K'.length);
    expect(stream.written[0]).not.toContain('%');
  });

  it('writes nothing where there is no terminal', () => {
    const stream = streamOf(false);
    const progress = new Progress(stream, 'a.pcap');
    progress.show(1, 2, 3);
    progress.end();
    expect(stream.written).toEqual([]);
  });
});
