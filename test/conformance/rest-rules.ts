/**
 * Intended differences from the recorded REST answers, as predicates with reasons (docs/divergences.md). Never by the name of
 * a case.
 */
import {
  bodyDifference,
  headerOf,
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
  /** Those that are there, by our ids. */
  readonly captureIds: ReadonlySet<string>;
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
    reason: 'the reference repeats Accept, whatever it is',
    holds: ({ recorded, answer }) => {
      const accept = Object.entries(recorded.request.headers).find(([name]) => /^accept$/i.test(name))?.[1];
      return (
        headerOf(recorded, 'Content-Type') === `${accept}; charset=UTF-8` &&
        /^(?:application\/json|text\/vnd\.graphviz|application\/vnd\.tcpdump\.pcap)/.test(
          answer.headers['content-type'] ?? '',
        )
      );
    },
  },
  {
    name: 'the API describes itself',
    parts: ['status'],
    reason: 'the reference makes a description when it is built and serves none',
    holds: ({ recorded: { request }, answer }) =>
      answer.status === 200 && /^\/(?:api\/)?swagger\.json$/.test(request.path),
  },
  {
    name: 'who is connected, and since when, is told of every server anew',
    parts: ['body'],
    reason: 'connections have times and ports; there are no probes inside the analyzer',
    holds: ({ recorded: { request }, expected, answer }) => {
      if (request.path !== '/api/status') return false;
      const [wanted, found] = [jsonOf(expected), jsonOf(answer.text)] as (object | undefined)[];
      return (
        wanted !== undefined && Object.keys(wanted).every((name) => found !== undefined && name in found)
      );
    },
  },
  {
    name: 'an agent could not start the capture everywhere',
    parts: ['body'],
    reason:
      'Count is the number of nodes that carry the capture; the agent that was recorded lacked some types',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.path.startsWith('/api/capture') &&
      bodyDifference(withoutCount(expected), withoutCount(answer.text)) === undefined,
  },
  {
    name: 'a capture that is deleted ends',
    parts: ['body'],
    reason: 'agents of the reference leave some on their nodes',
    holds: ({ expected, answer, captureIds }) => {
      const [wanted, found] = [carriersIn(expected), carriersIn(answer.text)];
      if (wanted === undefined || found === undefined) return false;
      const ours = new Set(found);
      return (
        wanted
          .filter(([id]) => captureIds.has(id))
          .every(([id, node]) => found.some(([our, at]) => our === id && at === node)) &&
        [...ours].every(([id]) => captureIds.has(id))
      );
    },
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
      request.path.startsWith('/api/config/') &&
      response.status === 200 &&
      answer.status === 200 &&
      jsonOf(answer.text) !== undefined,
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

/** Of a list of nodes with their captures: capture and node; undefined for another answer. */
function carriersIn(body: string): readonly (readonly [captureId: string, node: string])[] | undefined {
  const list = jsonOf(body) ?? undefined;
  if (body.trim() === 'null') return [];
  if (!Array.isArray(list)) return undefined;
  const pairs: (readonly [string, string])[] = [];
  for (const { Captures, Name } of list as { Captures?: unknown; Name?: unknown }[]) {
    if (!Array.isArray(Captures) || typeof Name !== 'string') return undefined;
    for (const { ID } of Captures as { ID: string }[]) pairs.push([ID, Name]);
  }
  return pairs;
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
