/**
 * `G` of scripts: any step is a method, `then` asks, so that a chain can be awaited, and `result()` asks and waits. Predicates are
 * global functions. Part of the text in prelude.ts.
 */
export const GUEST_GREMLIN = String.raw`
  // Strings in Gremlin know fewer escapes than those of JSON.
  const ESCAPES = /[\u0000-\u001f\u007f\\'"]/g;
  const quoted = (value) =>
    "'" + value.replace(ESCAPES, (c) => (c === '\\' || c === "'" || c === '"' ? '\\' + c : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))) + "'";
  const word = (value) => {
    if (typeof value === 'string') return quoted(value);
    if (typeof value === 'number' || typeof value === 'boolean') return text(value);
    const steps = value?.[STEPS];
    if (steps !== undefined) return steps;
    throw new TypeError(shown(value) + ' is no parameter of a Gremlin step');
  };
  const STEPS = Symbol('steps');
  const written = (name, params) => name + '(' + params.map(word).join(', ') + ')';

  // A graph comes as a list of one, and paths as lists of nodes: of both the first one.
  const first = (list) => {
    if (!Array.isArray(list)) return list;
    if (list.length === 1 && list[0] !== null && typeof list[0] === 'object' && 'Nodes' in list[0] && 'Edges' in list[0]) return list[0];
    return Array.isArray(list[0]) ? list[0] : list;
  };
  const rows = (body) => (body === '' ? null : parse(body));
  const read = (body) => first(rows(body));

  const chain = (steps) =>
    new Proxy(Object.create(null), {
      get: (_, name) => {
        if (name === STEPS) return steps;
        if (name === 'toString' || name === 'toJSON' || name === Symbol.toPrimitive) return () => steps;
        if (name === 'then') return (resolve, reject) => gremlinLater(steps).then(read).then(resolve, reject);
        if (name === 'catch') return (reject) => gremlinLater(steps).then(read).catch(reject);
        if (name === 'result') return () => read(gremlin(steps));
        if (typeof name !== 'string' || !/^[A-Z]\w*$/.test(name)) return undefined;
        return (...params) => chain(steps + '.' + written(name, params));
      },
    });
  const G = chain('G');
  for (const name of ['Metadata', 'Regex', 'NE', 'NEE', 'GT', 'GTE', 'LT', 'LTE', 'Within', 'Without', 'Between', 'Inside', 'Outside', 'Contains', 'IPV4Range', 'Since']) {
    const predicate = (...params) => ({ [STEPS]: written(name, params), toString: () => written(name, params) });
    Object.assign(global, { [name]: predicate, [name.toUpperCase()]: predicate });
  }
  for (const name of ['ASC', 'DESC', 'NOW', 'FOREVER']) global[name] = { [STEPS]: name, toString: () => name };
`;
