/**
 * What a script finds around it: the global names of the reference's scripts (REST notes, section 12), written for the
 * interpreter and run in it before anything else. All goes through `ask`, which the script itself never sees; whatever a script breaks here,
 * it breaks for itself alone. The value of this text is the function through which we start it and bring it answers.
 */
import { GUEST_GREMLIN } from './prelude-gremlin.ts';

export const PRELUDE = String.raw`(function () {
  'use strict';
  const global = globalThis;
  const ask = global.ask;
  delete global.ask;
  const { parse, stringify } = JSON;
  const evaluate = global.eval;
  const text = String;

  // ---- What is asked of the API ----
  const answered = (answer) => {
    const at = answer.indexOf(' ');
    const body = answer.slice(at + 1);
    if (Number(answer.slice(0, at)) < 400) return body;
    throw new Error(body.replace(/\n+$/, ''));
  };
  const wanted = (method, url, data) =>
    stringify([text(method ?? 'GET'), text(url), data === undefined || data === null || typeof data === 'string' ? data ?? '' : stringify(data)]);
  const request = (url, method, data) => answered(ask('now', wanted(method, url, data)));

  let last = 0;
  const waiting = new Map();
  const requestLater = (url, method, data) =>
    new Promise((resolve, reject) => {
      const id = text(++last);
      waiting.set(id, { resolve, reject });
      ask('later', id + ' ' + wanted(method, url, data));
    });
  const settle = (id, answer) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    try {
      resolve(answered(answer));
    } catch (error) {
      reject(error);
    }
  };

  const gremlin = (query) => request('/api/topology', 'POST', { GremlinQuery: text(query) });
  const gremlinLater = (query) => requestLater('/api/topology', 'POST', { GremlinQuery: text(query) });
  const sleep = (ms) => {
    ask('sleep', text(Number(ms)));
    return Promise.resolve();
  };

  // ---- Resources, as classes that keep what was given to them ----
  const kinds = {};
  const kind = (name, defaults) => {
    kinds[name] = { [name]: class { constructor(given) { Object.assign(this, defaults, given); } } }[name];
    Object.defineProperty(global, name, { value: kinds[name], writable: true, configurable: true });
  };
  kind('Capture'); kind('Alert'); kind('NodeRule'); kind('EdgeRule'); kind('PacketInjection'); kind('Workflow');
  kind('Node'); kind('Edge');
  const resource = (client, path, Kind) => {
    const made = (body) => new Kind(parse(body));
    const at = (id) => '/api/' + path + '/' + encodeURIComponent(text(id?.UUID ?? id?.ID ?? id));
    return {
      list: () => client.request('/api/' + path, 'GET').then((body) => {
        const all = parse(body);
        for (const id of Object.keys(all)) all[id] = new Kind(all[id]);
        return all;
      }),
      get: (id) => client.request(at(id), 'GET').then(made),
      create: (given) => client.request('/api/' + path, 'POST', given).then((body) => Object.assign(given, parse(body))),
      update: (id, patch) => client.request(at(id), 'PATCH', patch).then((body) => (body === '' ? undefined : made(body))),
      delete: (id) => client.request(at(id), 'DELETE').then(() => undefined),
    };
  };

  ${GUEST_GREMLIN}

  class Client {
    constructor() {
      this.captures = resource(this, 'capture', kinds.Capture);
      this.alerts = resource(this, 'alert', kinds.Alert);
      this.nodeRules = resource(this, 'noderule', kinds.NodeRule);
      this.edgeRules = resource(this, 'edgerule', kinds.EdgeRule);
      this.packetInjections = resource(this, 'injectpacket', kinds.PacketInjection);
      this.injections = this.packetInjections;
      this.workflows = resource(this, 'workflow', kinds.Workflow);
      this.nodes = resource(this, 'node', kinds.Node);
      this.edges = resource(this, 'edge', kinds.Edge);
      this.gremlin = { query: (query) => gremlinLater(query).then(rows), G: () => G };
      this.G = G;
    }
    request(url, method, data) {
      return requestLater(url, method, data);
    }
    // Who called the workflow is who asks.
    login() {
      return Promise.resolve(true);
    }
  }

  const shown = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return text(value);
    try {
      return stringify(value) ?? text(value);
    } catch {
      return text(value);
    }
  };
  const log = (...values) => void ask('log', values.map(shown).join(' '));
  Object.assign(global, {
    client: new Client(), Client, G, request, sleep, Gremlin: gremlin,
    console: { log, info: log, warn: log, error: log, debug: log },
  });
  const { captures, alerts, nodes, edges, nodeRules, edgeRules, packetInjections } = global.client;
  Object.assign(global, { captures, alerts, nodes, edges, nodeRules, edgeRules, packetInjections });

  // ---- The script itself ----
  const textOf = (error) => {
    try {
      return text(error);
    } catch {
      return 'the script threw something that has no text';
    }
  };
  // An expression that is a function, as the reference has it, or a program whose last value is one.
  const compile = (source) => {
    try {
      return evaluate('(' + source + '\n)');
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return evaluate(source);
  };
  const start = async (source, params) => {
    let called;
    try {
      called = compile(source);
    } catch (error) {
      return ask(error instanceof SyntaxError ? 'uncompiled' : 'failed', textOf(error));
    }
    try {
      if (typeof called !== 'function') throw new TypeError(shown(called) + ' is not a function');
      const result = stringify(await called(...parse(params)));
      ask('done', result ?? 'null');
    } catch (error) {
      ask('failed', textOf(error));
    }
  };
  return (what, a, b) => {
    if (what === 'start') start(a, b);
    else settle(a, b);
  };
})()`;
