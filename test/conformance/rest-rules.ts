/**
 * Intended differences from the recorded REST answers, as predicates with reasons (docs/divergences.md). Never by the name of
 * a case.
 */
import {
  bodyDifference,
  headerOf,
  inOneOrder,
  jsonOf,
  withoutNoise,
  type Answer,
  type Difference,
  type RestCase,
} from './rest-case.ts';

export interface Explained {
  readonly recorded: RestCase;
  /** The recorded body with our ids in it. */
  readonly expected: string;
  readonly answer: Answer;
}

interface Rule {
  readonly name: string;
  readonly reason: string;
  /** The kinds of difference that it explains. */
  readonly parts: readonly Difference['part'][];
  readonly holds: (difference: Explained) => boolean;
}

const ELEMENT_PATH = /^\/api\/(?:node|edge)$/;

export const rules: readonly Rule[] = [
  {
    name: 'a created element is answered as it is kept',
    parts: ['body'],
    reason: 'the development head does so; release 0.28.0 echoes what was sent, without times and origin',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.method === 'POST' &&
      ELEMENT_PATH.test(request.path) &&
      answer.status === 201 &&
      sameBut(expected, answer.text, 'Origin'),
  },
  {
    name: 'elements without metadata are refused',
    parts: ['status'],
    reason: 'the development head refuses them; queries by Name and Type rely on both',
    holds: ({ recorded: { request, response }, expected, answer }) =>
      request.method === 'POST' &&
      ELEMENT_PATH.test(request.path) &&
      response.status === 201 &&
      answer.status === 400 &&
      memberOf(expected, 'Metadata') === null,
  },
  {
    name: 'lists do not have the elements that were refused',
    parts: ['body'],
    reason: 'elements without metadata are refused',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.method === 'GET' && ELEMENT_PATH.test(request.path) && sameWithoutBare(expected, answer.text),
  },
  {
    name: 'missing ids have a text of their own',
    parts: ['body'],
    reason: 'the text of the development head; release 0.28.0 names the schema',
    holds: ({ recorded: { request, response }, answer }) =>
      ELEMENT_PATH.test(request.path) &&
      response.status === 400 &&
      answer.status === 400 &&
      /\n(?:ID|Parent|Child): String length/.test(response.body ?? '') &&
      /^(?:No ID found|parent ID|child ID)/.test(answer.text),
  },
  {
    name: 'words of decoders',
    parts: ['body'],
    reason: 'they are not stable in the reference either',
    holds: ({ recorded: { response }, answer }) =>
      response.status === 400 &&
      answer.status === 400 &&
      /parse error: |invalid character|^yaml: /.test(response.body ?? '') &&
      /parse error: |^incorrect JSON patch: |^invalid JSON|^yaml: |unexpected EOF/.test(answer.text),
  },
  {
    name: 'all broken rules are told',
    parts: ['body'],
    reason: 'mend all at once; the reference tells one, chosen at random',
    holds: ({ expected, answer }) =>
      answer.status === 400 && answer.text.split('\n').length > 2 && answer.text.includes(expected.trimEnd()),
  },
  {
    name: 'there is a history to ask',
    parts: ['status', 'body'],
    reason: 'the recordings were made with a store that keeps none; here the past is kept and asked',
    holds: ({ recorded: { response }, answer }) =>
      response.status === 400 &&
      /^(?:Backend does not support history|No storage backend has been configured)/.test(
        response.body ?? '',
      ) &&
      // An answer, a time before what is kept, or a step behind `At` that does not fit.
      (answer.status === 200 || /^(?:No graph is kept from before|Invalid step ')/.test(answer.text)),
  },
  {
    name: 'Content-Type is that of the body',
    parts: ['type'],
    reason: 'the reference echoes Accept, or guesses',
    holds: ({ recorded: { request }, answer }) =>
      request.path === '/api/topology' &&
      /^(?:application\/json|text\/vnd\.graphviz|application\/vnd\.tcpdump\.pcap)/.test(
        answer.headers['content-type'] ?? '',
      ),
  },
  {
    name: 'the API describes itself',
    parts: ['status'],
    reason: 'the reference makes a description when it is built and serves none',
    holds: ({ recorded: { request }, answer }) =>
      answer.status === 200 && /^\/(?:api\/)?swagger\.json$/.test(request.path),
  },
  {
    name: 'the same, compressed otherwise',
    parts: ['body'],
    reason: 'the bytes of gzip and deflate are no contract',
    holds: ({ recorded, answer }) =>
      headerOf(recorded, 'Content-Encoding') !== undefined &&
      headerOf(recorded, 'Content-Encoding') === answer.headers['content-encoding'],
  },
  {
    name: 'nothing is captured without a probe',
    parts: ['body'],
    reason: 'the recordings were made with an agent; Count is the number of nodes that carry the capture',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.path.startsWith('/api/capture') &&
      bodyDifference(withoutCount(expected), withoutCount(answer.text)) === undefined,
  },
  {
    name: 'what a probe would tell is not there',
    parts: ['body'],
    reason: 'the recordings were made with an agent',
    holds: ({ recorded: { request } }) =>
      request.path === '/api/status' ||
      (request.path === '/api/topology' &&
        /Captures|PacketInjections|Values\('Metric'\)|Keys\(\)/.test(request.body ?? '')),
  },
  {
    name: 'injections tell how far they have come',
    parts: ['body'],
    reason: 'the reference does not tell',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.method === 'GET' &&
      request.path.startsWith('/api/injectpacket') &&
      bodyDifference(expected, withoutProgress(answer.text)) === undefined,
  },
  {
    name: 'flows that an agent captured are not there',
    parts: ['body'],
    reason: 'the recordings were made with an agent; test/e2e/two-hosts.test.ts has flows of injections',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.path === '/api/topology' && expected.includes('"CaptureID"') && answer.text === '[]\n',
  },
  {
    name: 'a capture that can never run is refused',
    parts: ['status'],
    reason: 'bad ExtraLayers, TargetType and Port are accepted there, and dead',
    holds: ({ recorded: { request, response }, answer }) =>
      request.path === '/api/capture' &&
      response.status === 201 &&
      answer.status === 400 &&
      /^(?:ExtraLayers|TargetType|Port): /.test(answer.text),
  },
  {
    name: 'NetFlow exporters can be captured',
    parts: ['status'],
    reason: 'a type more than the reference has',
    holds: ({ recorded: { response }, answer }) =>
      answer.status === 201 && response.body?.startsWith('Type: Not a valid capture type: netflow') === true,
  },
  {
    name: 'lists have the captures that were accepted',
    parts: ['body'],
    reason: 'others than there, see the rules for their creation; an explicit empty LayerKeyMode stays empty',
    holds: ({ recorded: { request }, expected, answer }) => {
      if (request.path !== '/api/capture') return false;
      const [wanted, found] = [captures(expected), captures(answer.text)];
      if (wanted === undefined || found === undefined) return false;
      const known = [...found].filter(([, capture]) => !/"Type":"netflow"/.test(capture));
      return known.every(([id, capture]) => wanted.get(id) === capture);
    },
  },
  {
    name: 'an imported capture file says what was in it, and its flows are kept',
    parts: ['body'],
    reason: 'the reference answers nothing and throws them away',
    holds: ({ recorded: { request }, expected, answer }) =>
      (request.path === '/api/pcap' && answer.status === 202 && expected === '') ||
      (/Flows\(\)\.Count/.test(request.body ?? '') && expected === '0\n'),
  },
  {
    name: 'a page may send PATCH and X-Resource-TTL',
    parts: ['status', 'body'],
    reason: 'the reference makes both impossible from another origin',
    holds: ({ recorded: { request, response }, answer }) =>
      request.method === 'OPTIONS' && [403, 405].includes(response.status ?? 0) && answer.status < 300,
  },
  {
    name: 'a wrong method is 405 with Allow',
    parts: ['status', 'body'],
    reason: 'the reference answers 404 or 405 at random',
    holds: ({ recorded: { response }, answer }) =>
      [404, 405].includes(response.status ?? 0) &&
      answer.status === 405 &&
      answer.headers['allow'] !== undefined,
  },
  {
    name: 'steps where the reference has none',
    parts: ['status'],
    reason: 'edges, values and paths have the steps of nodes that make sense there',
    holds: ({ recorded: { response }, answer }) =>
      answer.status === 200 &&
      /^Invalid step '\w+' on '\*traversal\.GraphTraversal(?:E|Value|ShortestPath)'/.test(
        response.body ?? '',
      ),
  },
  {
    name: 'steps of the development head',
    parts: ['status', 'body'],
    reason: 'release 0.28.0 has neither Neighbors nor Workflow',
    holds: ({ recorded: { response }, answer }) =>
      /^Expected step function, got: (?:Neighbors|Workflow)\n/.test(response.body ?? '') &&
      !answer.text.startsWith('Expected step function'),
  },
  {
    name: 'order among equals, and numbers as texts where they are texts',
    parts: ['body'],
    reason: 'ours is that of insertion; Values and Sort of the reference turn numeric texts into numbers',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.path === '/api/topology' &&
      inOneOrder(asNumbers(expected)) === inOneOrder(asNumbers(answer.text)),
  },
  {
    name: 'revisions that an agent counts',
    parts: ['body'],
    reason: 'the graph was loaded, no agent goes on changing it',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.path === '/api/topology' &&
      bodyDifference(inOneOrder(withoutRevision(expected)), inOneOrder(withoutRevision(answer.text))) ===
        undefined,
  },
  {
    name: 'what is limited is what is written',
    parts: ['body'],
    reason: 'the reference moves a Limit behind the filters that follow it',
    holds: ({ recorded: { request }, answer }) =>
      answer.status === 200 && /\.(?:Limit|Range)\([^)]*\)\.\w/.test(request.body ?? ''),
  },
  {
    name: 'the nearest of all',
    parts: ['body'],
    reason: 'ShortestPathTo of the reference ignores predicates and takes any target',
    holds: ({ recorded: { request }, answer }) =>
      answer.status === 200 && /ShortestPathTo\(Metadata\([^)]*Regex/.test(request.body ?? ''),
  },
  {
    name: 'names in refusals',
    parts: ['body'],
    reason: 'the reference numbers its words wrongly, and another element came first',
    holds: ({ recorded: { response }, answer }) =>
      answer.status === 400 &&
      ((response.body?.includes('IPV4RANGE') === true &&
        answer.text.startsWith(response.body.split(':')[0]!)) ||
        (response.body?.startsWith('unable to cast') === true && answer.text.startsWith('unable to cast'))),
  },
  {
    name: 'a drawing of the same nodes',
    parts: ['body'],
    reason: 'names are escaped, each statement has a line, in the order of insertion',
    holds: ({ expected, answer }) =>
      expected.startsWith('digraph g {') &&
      titlesIn(expected) !== '' &&
      titlesIn(expected) === titlesIn(answer.text),
  },
  {
    name: 'Outside, negative numbers and line ends are accepted',
    parts: ['status'],
    reason: 'the language is a superset',
    holds: ({ recorded: { response }, answer }) =>
      answer.status === 200 &&
      /^Unexpected token while parsing parameters, got: (?:OUTSIDE|CONTAINS|-)|^found "\\r"/i.test(
        response.body ?? '',
      ),
  },
  {
    name: 'a query that yields no nodes is refused',
    parts: ['status'],
    reason: 'a capture or a rule with it can never do anything',
    holds: ({ recorded: { request, response }, answer }) =>
      request.method === 'POST' &&
      response.status === 201 &&
      answer.status === 400 &&
      /Not a valid Gremlin expression: .*yields/.test(answer.text),
  },
  {
    name: 'alerts show every member',
    parts: ['body'],
    reason: 'clients break on an alert that leaves one out',
    holds: ({ recorded: { request }, expected, answer }) =>
      /^\/api\/alert(\/|$)/.test(request.path) && sameWithEmptyMembers(expected, answer.text),
  },
  {
    name: 'triggers and actions that can never work are refused',
    parts: ['status'],
    reason: 'an alert that never fires, and an action that nobody hears, are mistakes',
    holds: ({ recorded: { request, response }, answer }) =>
      request.method === 'POST' &&
      request.path === '/api/alert' &&
      response.status === 201 &&
      answer.status === 400 &&
      /^(Trigger|Action): regular expression mismatch/m.test(answer.text),
  },
  {
    name: 'settings are those of this analyzer, and never secret',
    parts: ['body'],
    reason: 'the reference returns whatever its configuration holds, passwords included',
    holds: ({ recorded: { request, response }, answer }) =>
      request.path.startsWith('/api/config/') && response.status === 200 && answer.status === 200,
  },
  {
    name: 'there are metrics',
    parts: ['status'],
    reason: 'figures for Prometheus',
    holds: ({ recorded: { request, response }, answer }) =>
      request.path === '/metrics' && response.status === 404 && answer.status === 200,
  },
  {
    name: 'pages are our own',
    parts: ['status', 'type', 'location', 'body'],
    reason: 'the pages and assets of the reference are not copied',
    holds: ({ recorded: { request, response } }) =>
      request.method === 'GET' &&
      /^\/(ui(_v2)?(\/.*)?)?$/.test(request.path) &&
      (response.body ?? '').endsWith('characters, left out)'),
  },
  {
    name: 'permissions stand in one order, and there are more of them',
    parts: ['body'],
    reason: 'a random order helps nobody; objects of our own are told too',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.path.startsWith('/login') && permissionsIn(expected, answer.text),
  },
];

export function ruleFor({ part }: Difference, explained: Explained): Rule | undefined {
  return rules.find((rule) => rule.parts.includes(part) && rule.holds(explained));
}

function withoutRevision(body: string): string {
  return body.replaceAll(/"Revision":\d+/g, '"Revision":0');
}

/** Numeric texts as numbers. */
function asNumbers(body: string): string {
  return body.replaceAll(/"(\d+)"(?!:)/g, '$1');
}

/** Each capture without its Count and LayerKeyMode, by id. */
function captures(body: string): ReadonlyMap<string, string> | undefined {
  const list = withoutNoise(jsonOf(withoutCount(body)));
  if (typeof list !== 'object' || list === null) return undefined;
  return new Map(
    Object.entries(list).map(([id, capture]) => {
      const { LayerKeyMode: _mode, ...rest } = capture as Record<string, unknown>;
      return [id, JSON.stringify(rest)];
    }),
  );
}

function titlesIn(drawing: string): string {
  return [...drawing.matchAll(/^"([^"]+)" \[label/gm)]
    .map(([, title]) => title!)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join();
}

function withoutCount(body: string): string {
  return body.replaceAll(/"Count":\d+/g, '"Count":0');
}

/** An injection, or a list of them, without what only ours have. */
function withoutProgress(body: string): string {
  const strip = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const { State: _state, PacketCount: _count, Error: _error, ...rest } = value as Record<string, unknown>;
    return Object.fromEntries(Object.entries(rest).map(([name, member]) => [name, strip(member)]));
  };
  return `${JSON.stringify(strip(jsonOf(body)))}${body.endsWith('\n') ? '\n' : ''}`;
}

function memberOf(text: string, name: string): unknown {
  const value = jsonOf(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function sameBut(expected: string, text: string, ...names: readonly string[]): boolean {
  const strip = (body: string): string => {
    const value = withoutNoise(jsonOf(body));
    if (typeof value !== 'object' || value === null) return body;
    return JSON.stringify(Object.entries(value).filter(([name]) => !names.includes(name)));
  };
  return strip(expected) === strip(text);
}

function sameWithoutBare(expected: string, text: string): boolean {
  const list = jsonOf(expected);
  if (typeof list !== 'object' || list === null) return false;
  const kept = Object.entries(list).filter(
    ([, element]) => Object.keys((element as { Metadata: object | null }).Metadata ?? {}).length > 0,
  );
  return bodyDifference(`${JSON.stringify(Object.fromEntries(kept))}\n`, text) === undefined;
}

/** Recorded members are there with their values; further ones are empty texts. */
function sameWithEmptyMembers(expected: string, answered: string): boolean {
  return fits(jsonOf(expected), jsonOf(answered));
}

function fits(theirs: unknown, ours: unknown): boolean {
  if (typeof theirs !== 'object' || theirs === null || typeof ours !== 'object' || ours === null)
    return theirs === ours || (theirs === undefined && ours === '');
  const [one, other] = [theirs, ours] as readonly Readonly<Record<string, unknown>>[];
  // Ids and times are made by the server; alerts that were refused are not in lists.
  return Object.keys(other!)
    .filter((name) => name !== 'CreateTime' && name !== 'UUID')
    .every((name) => fits(one![name], other![name]) || (one![name] === undefined && other![name] === ''));
}

/** Every recorded permission is among ours. */
function permissionsIn(expected: string, answered: string): boolean {
  const read = (text: string) => (jsonOf(text) as { Permissions?: object[] } | undefined)?.Permissions ?? [];
  const ours = new Set(read(answered).map((one) => JSON.stringify(one)));
  return ours.size > 0 && read(expected).every((one) => ours.has(JSON.stringify(one)));
}
