/**
 * Makes query texts for the fuzz: most follow the grammar with parameters that can mean something on the fixture, some are
 * recorded queries with pieces cut, doubled or joined, some are characters without sense.
 */
import { NESTING_STEPS, PREDICATE_NAMES, STEP_NAMES, WORDS } from '../core/gremlin/ast.ts';

export type Random = (below: number) => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const TEXTS = (
  'Name Type MTU IPV4 TID MAC State Ratio Objs Objs.L List Mixed Null Flag Metadata.Name @ID @Host @CreatedAt @DeletedAt ' +
  '@Revision Parent Child RelationType Captures.ID RoutingTables.Routes.Prefix Ovs.Options.peer Metric.RxBytes LastUpdateMetric ' +
  'eth0 host veth device netns bridge ownership layer2 n-host-a n-eth0-a n-misc n-tor e-self e-l2-04 host-a host-b tid-eth0-a UP ' +
  'UUID Network Network.A Link Link.A Transport Transport.B TCP.B Application LayersPath TrackingID CaptureID NodeTID Start Last ' +
  'Metric.ABBytes Metric ABBytes DNS.Questions.Name ICMP.Type FinishType f-tcp-a f-dns TCP UDP LastUpdateMetric.ABBytes ' +
  '10.0.0.1 10.0.0.0/8 192.168.1.10 fe80::/64 -1m 1h 5s -1h30m tcp port 80 cap-1 Capture Capture.Name Count Sum __proto__ constructor toString a.b.c SFlow Ovs'
).split(' ');
const INNER_STEPS = (
  'Has Has Has HasKey HasNot HasEither Out In Both OutE InE BothE InV OutV BothV Descendants Neighbors Dedup Values ' +
  'Flows CaptureNode Nodes Hops'
).split(' ');
const PATTERNS = [
  'eth.*',
  '(a|b)*c',
  '(a+)+b',
  '(((.*)*)*)*x',
  '.{1000}',
  '(.{100}){9}',
  '^a',
  'a$',
  '(',
  '[a-z]{3,}',
  '(?i)ETH0',
  '\\p{L}+',
  'a\\\\',
  '\\\\Qa.b',
  '',
];
const ODD_TEXTS = [
  'tcp and port 80',
  'Tue, 14 Nov 2023 22:15:00 GMT',
  'ä😀',
  ' ',
  'x'.repeat(300),
  '\u0000',
  "it's",
];
const NUMBERS = (
  '0 1 2 3 5 10 100 1500 1500. 1.5 -1 -7.25 9223372036854775807 9223372036854775808 1700000100 1700000100000 ' +
  '2147483648 99999999999999999999999 1.2.3 00012 0.1'
).split(' ');
const STRUCTURE = [
  'G',
  '.',
  '(',
  ')',
  ',',
  "'",
  '"',
  '\\',
  'V',
  'E',
  ' ',
  '\n',
  '0',
  '-',
  '$',
  'é',
  '\u2028',
];

const pickOf = <Item>(random: Random, items: readonly Item[]): Item => items[random(items.length)]!;

export class QueryMaker {
  readonly #recorded: readonly string[];

  constructor(recorded: readonly string[]) {
    this.#recorded = recorded;
  }

  make(random: Random): string {
    switch (random(10)) {
      case 0:
        return this.#nonsense(random);
      case 1:
      case 2:
      case 3:
        return this.#mutated(random);
      default:
        return this.#grammatical(random);
    }
  }

  #nonsense(random: Random): string {
    let text = random(2) === 0 ? 'G.' : '';
    for (let i = random(60); i > 0; i--)
      text +=
        random(3) === 0
          ? String.fromCharCode(random(random(2) === 0 ? 128 : 65_536))
          : pickOf(random, STRUCTURE);
    return text;
  }

  /** Pieces of recorded queries. */
  #mutated(random: Random): string {
    let text = pickOf(random, this.#recorded);
    for (let i = 1 + random(3); i > 0; i--) {
      const at = random(text.length + 1);
      const to = at + random(text.length - at + 1);
      switch (random(6)) {
        case 0:
          text = text.slice(0, at) + text.slice(to);
          break;
        case 1:
          text = text.slice(0, at) + pickOf(random, STRUCTURE) + text.slice(at);
          break;
        case 2: {
          const other = pickOf(random, this.#recorded);
          text = text.slice(0, at) + other.slice(random(other.length + 1));
          break;
        }
        case 3: {
          // Steps of another query behind this one's.
          const other = pickOf(random, this.#recorded);
          const dot = other.indexOf('.', 1 + random(other.length + 1));
          text += dot < 0 ? '' : other.slice(dot);
          break;
        }
        case 4:
          text = text.slice(0, to) + text.slice(at, to).repeat(1 + random(4)) + text.slice(to);
          break;
        default:
          text = text.replace(/\d+/, () => pickOf(random, NUMBERS));
      }
    }
    return text.slice(0, 4_000);
  }

  #grammatical(random: Random): string {
    const start = pickOf(random, [
      '',
      '',
      '.At(NOW)',
      '.At(1700000350, 400)',
      '.At(-1)',
      ".At('-1h', FOREVER)",
    ]);
    const from = pickOf(random, ['V()', 'V()', 'V()', 'E()', 'Flows()', 'Flows()', "V('n-host-a')", '']);
    let text = `G${start}${from === '' ? '' : `.${from}`}`;
    for (let i = random(random(12) === 0 ? 40 : 7); i > 0; i--) text += `.${this.#step(random, 0)}`;
    return text;
  }

  #step(random: Random, depth: number): string {
    const name = pickOf(random, STEP_NAMES);
    if (name === 'G') return 'G';
    if (NESTING_STEPS.has(name) && random(8) > 0) {
      const traversals = Array.from({ length: 1 + (name === 'Not' ? 0 : random(3)) }, () =>
        this.#traversal(random, depth + 1),
      );
      return `${name}(${traversals.join(', ')})`;
    }
    const isFilter = random(3) > 0 && /^(Has|HasEither|Flows|Out|In|Both|OutE|InE|BothE)$/.test(name);
    const count = isFilter ? 2 * (1 + random(2)) : random(random(4) === 0 ? 5 : 3);
    return `${name}(${this.#params(random, count, depth)})`;
  }

  /** Mostly steps that may stand inside others. */
  #traversal(random: Random, depth: number): string {
    const steps: string[] = [];
    for (let i = 1 + random(3); i > 0; i--) {
      const inner = pickOf(random, INNER_STEPS);
      if (depth < 4 && random(6) === 0) steps.push(this.#step(random, depth));
      else
        steps.push(
          `${inner}(${this.#params(random, /^Has(Key|Not)$|^Values$/.test(inner) ? 1 : 2 * random(2), 9)})`,
        );
    }
    return `${random(10) === 0 ? '__.' : ''}${steps.join('.')}`;
  }

  #params(random: Random, count: number, depth: number): string {
    const params: string[] = [];
    for (let i = 0; i < count; i++)
      params.push(i % 2 === 0 && random(4) > 0 ? this.#text(random) : this.#param(random, depth));
    return params.join(pickOf(random, [', ', ',', ' ', ',,']));
  }

  #param(random: Random, depth: number): string {
    switch (random(8)) {
      case 0:
      case 1:
        return this.#text(random);
      case 2:
      case 3:
        return pickOf(random, NUMBERS);
      case 4:
        return pickOf(random, ['true', 'FALSE', ...WORDS]);
      case 5:
        return `Regex(${quoted(pickOf(random, PATTERNS))})`;
      default: {
        if (depth > 3) return this.#text(random);
        const name = pickOf(random, PREDICATE_NAMES);
        return `${name}(${this.#params(random, random(4), depth + 1)})`;
      }
    }
  }

  #text(random: Random): string {
    return quoted(random(12) === 0 ? pickOf(random, ODD_TEXTS) : pickOf(random, TEXTS));
  }
}

function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}
