import { describe, expect, test } from 'vitest';
import { filterSteps, readMoment, spanStart, spanSteps } from '../../cli/flow-filter.ts';
import { parseQuery } from '../../core/gremlin/gremlin.ts';

describe('filterSteps', () => {
  test('selects everything without flags', () => {
    expect(filterSteps({})).toBe('');
  });

  test('takes values of one flag as alternatives and all flags together', () => {
    const steps = filterSteps({ ip: ['10.0.0.1', '10.0.0.2'], port: [80], protocol: ['tcp'] });
    expect(steps).toBe(
      "Has('Network', Within('10.0.0.1', '10.0.0.2')).Has('Transport', 80).Has('Transport.Protocol', 'TCP')",
    );
  });

  test('reads a network as a range, with alternatives beside it', () => {
    expect(filterSteps({ fromIp: ['10.0.0.0/8'] })).toBe("Has('Network.A', IPV4Range('10.0.0.0/8'))");
    expect(filterSteps({ ip: ['10.0.0.0/8', '1.2.3.4', '172.16.0.0/12'] })).toBe(
      "Or(Has('Network', '1.2.3.4'), Has('Network', IPV4Range('10.0.0.0/8')), Has('Network', IPV4Range('172.16.0.0/12')))",
    );
  });

  test('turns around what must not be', () => {
    expect(filterSteps({ port: [443], not: { ip: ['10.0.0.1'], protocol: ['udp', 'dns'] } })).toBe(
      "Has('Transport', 443).Not(Has('Network', '10.0.0.1')).Not(Or(Has('Transport.Protocol', 'UDP'), Has('Application', 'DNS')))",
    );
  });

  test('knows the names that people give to applications', () => {
    expect(filterSteps({ protocol: ['icmp', 'dns'] })).toBe(
      "Has('Application', Within('ICMPv4', 'ICMPv6', 'DNS'))",
    );
    expect(filterSteps({ protocol: ['tcp', 'dns'] })).toBe(
      "Or(Has('Transport.Protocol', 'TCP'), Has('Application', 'DNS'))",
    );
  });

  test('spells whatever text a flag holds so that it stays one text', () => {
    const steps = filterSteps({ application: ["a'); G.V('"], capture: ['back\\slash'] }, ["tid'"]);
    const { steps: parsed } = parseQuery(`G.Flows().${steps}`);
    expect(parsed.map(({ name }) => name)).toEqual(['Flows', 'Has', 'Has', 'Has']);
    expect(parsed.flatMap(({ params }) => params).map((param) => 'value' in param && param.value)).toEqual([
      'NodeTID',
      "tid'",
      'Application',
      "a'); G.V('",
      'CaptureID',
      'back\\slash',
    ]);
  });
});

describe('readMoment', () => {
  const now = 1_000_000_000_000;

  test.each([
    ['5m', now - 300_000],
    ['1h30m', now - 5_400_000],
    ['2001-09-09T01:46:40Z', 1_000_000_000_000],
    ['1000000000', 1_000_000_000_000],
  ])('reads %s', (text, expected) => {
    expect(readMoment('--since', text, now)).toBe(expected);
  });

  test.each(['', 'yesterday', '5', '2001-99-99'])('refuses %s', (text) => {
    expect(() => readMoment('--since', text, now)).toThrow('--since: expected a duration');
  });
});

describe('a span', () => {
  test('asks the past from its begin to its end, and flows with a packet inside', () => {
    const span = { fromMs: 1_000_000_000_500, toMs: 1_000_000_060_000 };
    expect(spanStart(span, 0)).toBe('G.At(1000000060000, 60)');
    expect(spanSteps(span)).toBe("Has('Last', Gte(1000000000500)).Has('Start', Lte(1000000060000))");
  });

  test('may be open at either end', () => {
    expect(spanStart({ fromMs: 1_000, toMs: undefined }, 61_000)).toBe('G.At(NOW, 60)');
    expect(spanStart({ fromMs: undefined, toMs: 61_000 }, 0)).toBe('G.At(61000)');
    expect(spanStart({ fromMs: undefined, toMs: undefined }, 0)).toBeUndefined();
    expect(spanSteps({ fromMs: undefined, toMs: undefined })).toBe('');
  });

  test('that ends before it begins is refused', () => {
    expect(() => spanStart({ fromMs: 2_000, toMs: 1_000 }, 0)).toThrow('--since is not before --until');
  });
});
