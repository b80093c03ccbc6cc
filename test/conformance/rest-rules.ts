/**
 * Intended differences from the recorded REST answers, as predicates with reasons (docs/divergences.md). Never by the name of
 * a case.
 */
import { bodyDifference, headerOf, jsonOf, withoutNoise, type Answer, type RestCase } from './rest-case.ts';

export interface Difference {
  readonly recorded: RestCase;
  /** The recorded body with our ids in it. */
  readonly expected: string;
  readonly answer: Answer;
}

interface Rule {
  readonly name: string;
  readonly reason: string;
  readonly holds: (difference: Difference) => boolean;
}

const ELEMENT_PATH = /^\/api\/(?:node|edge)$/;

export const rules: readonly Rule[] = [
  {
    name: 'a created element is answered as it is kept',
    reason: 'the development head does so; release 0.28.0 echoes what was sent, without times and origin',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.method === 'POST' &&
      ELEMENT_PATH.test(request.path) &&
      answer.status === 201 &&
      sameBut(expected, answer.text, 'Origin'),
  },
  {
    name: 'elements without metadata are refused',
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
    reason: 'elements without metadata are refused',
    holds: ({ recorded: { request }, expected, answer }) =>
      request.method === 'GET' && ELEMENT_PATH.test(request.path) && sameWithoutBare(expected, answer.text),
  },
  {
    name: 'missing ids have a text of their own',
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
    reason: 'they are not stable in the reference either',
    holds: ({ recorded: { response }, answer }) =>
      response.status === 400 &&
      answer.status === 400 &&
      /parse error: |invalid character|^yaml: /.test(response.body ?? '') &&
      /parse error: |^incorrect JSON patch: |^invalid JSON|^yaml: |unexpected EOF/.test(answer.text),
  },
  {
    name: 'all broken rules are told',
    reason: 'mend all at once; the reference tells one, chosen at random',
    holds: ({ expected, answer }) =>
      answer.status === 400 && answer.text.split('\n').length > 2 && answer.text.includes(expected.trimEnd()),
  },
  {
    name: 'Content-Type is that of the body',
    reason: 'the reference echoes Accept',
    holds: ({ recorded, expected, answer }) =>
      answer.status === recorded.response.status &&
      recorded.request.path === '/api/topology' &&
      headerOf(recorded, 'Content-Type')?.startsWith('application/json') !== true &&
      answer.headers.get('Content-Type') === 'application/json; charset=UTF-8' &&
      bodyDifference(expected, answer.text) === undefined,
  },
  {
    name: 'the API describes itself',
    reason: 'the reference makes a description when it is built and serves none',
    holds: ({ recorded: { request }, answer }) =>
      answer.status === 200 && /^\/(?:api\/)?swagger\.json$/.test(request.path),
  },
  {
    name: 'another way to say what the raw bytes are',
    reason: 'the body is compressed; its JSON is compared elsewhere',
    holds: ({ recorded, answer }) =>
      answer.status === recorded.response.status && headerOf(recorded, 'Content-Encoding') !== undefined,
  },
  {
    name: 'a query that yields no nodes is refused',
    reason: 'a capture or a rule with it can never do anything',
    holds: ({ recorded: { request, response }, answer }) =>
      request.method === 'POST' &&
      response.status === 201 &&
      answer.status === 400 &&
      /Not a valid Gremlin expression: .*yields/.test(answer.text),
  },
];

export function ruleFor(difference: Difference): Rule | undefined {
  return rules.find((rule) => rule.holds(difference));
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
