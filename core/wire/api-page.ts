/**
 * The API's description as a page for people: one section an operation, made of the OpenAPI document. Plain HTML without scripts or
 * anything from elsewhere, so that it works wherever the analyzer does.
 */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly example?: unknown;
}

interface Media {
  readonly schema?: Schema;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Media>> }>
  >;
}

export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
nav ul { columns: 3 14rem; padding-left: 1rem; }
section { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: 0.5rem 0; }
code, pre { font: 0.9em ui-monospace, monospace; }
pre { overflow: auto; padding: 0.6rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: 0.15rem 0.8rem 0.15rem 0; }
h3 .method { display: inline-block; min-width: 4.5rem; }
`;

export function apiPage({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ''))];
  const groups = tags.map((tag) => ({
    tag,
    of: operations.filter(({ operation }) => (operation.tags?.[0] ?? '') === tag),
  }));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)}</title>
<style>${STYLE}</style>
<h1>${escape(info.title)} ${escape(info.version)}</h1>
<p>${escape(info.description ?? '')} For programs: <a href="/openapi.json">OpenAPI 3.1</a>, <a href="/swagger.json">Swagger 2.0</a>.</p>
<nav aria-label="Operations"><ul>${groups.map(({ tag }) => `<li><a href="#${idOf(tag)}">${escape(tag)}</a></li>`).join('')}<li><a href="#schemas">Schemas</a></li></ul></nav>
<main>
${groups
  .map(
    ({ tag, of }) =>
      `<h2 id="${idOf(tag)}">${escape(tag)}</h2>\n${of.map(({ method, path, operation }) => section(method, path, operation)).join('\n')}`,
  )
  .join('\n')}
<h2 id="schemas">Schemas</h2>
${Object.entries(components?.schemas ?? {})
  .map(
    ([name, schema]) =>
      `<section id="schema-${idOf(name)}"><h3>${escape(name)}</h3>${members(schema)}</section>`,
  )
  .join('\n')}
</main>
</html>
`;
}

function section(method: string, path: string, operation: Operation): string {
  const {
    operationId = '',
    summary = '',
    description = '',
    parameters = [],
    requestBody,
    responses,
  } = operation;
  const asked = parameters.map(
    ({ name, in: place, required, description: text = '', schema }) =>
      `<tr><td><code>${escape(name)}</code></td><td>${escape(place)}${required === true ? ', required' : ''}</td><td>${typeOf(schema)}</td><td>${escape(text)}</td></tr>`,
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) =>
      `<tr><td>body</td><td><code>${escape(type)}</code></td><td>${typeOf(schema)}</td><td></td></tr>`,
  );
  const answers = Object.entries(responses).map(([status, { description: text, content = {} }]) => {
    const types = Object.entries(content).map(
      ([type, { schema }]) => `<code>${escape(type)}</code> ${typeOf(schema)}`,
    );
    return `<tr><td>${escape(status)}</td><td>${escape(text)}</td><td>${types.join('<br>')}</td></tr>`;
  });
  return `<section id="${idOf(operationId)}">
<h3><span class="method">${method}</span> <code>${escape(path)}</code></h3>
<p>${escape(summary)}${description === '' ? '' : `<br>${escape(description)}`}</p>
${asked.length + bodies.length === 0 ? '' : `<h4>Request</h4><table>${asked.join('')}${bodies.join('')}</table>`}
<h4>Answers</h4><table>${answers.join('')}</table>
</section>`;
}

function members(schema: Schema): string {
  const { properties, required = [], description = '' } = schema;
  if (properties === undefined) return `<p>${typeOf(schema)} ${escape(description)}</p>`;
  const rows = Object.entries(properties).map(
    ([name, member]) =>
      `<tr><td><code>${escape(name)}</code>${required.includes(name) ? '' : ' (optional)'}</td><td>${typeOf(member)}</td><td>${escape(member.description ?? '')}${member.example === undefined ? '' : ` For example <code>${escape(JSON.stringify(member.example))}</code>`}</td></tr>`,
  );
  return `<table>${rows.join('')}</table>`;
}

function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return '';
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return `<a href="#schema-${idOf(name)}">${escape(name)}</a>`;
  }
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(' ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `map to ${typeOf(schema.additionalProperties)}`;
  const { type = '' } = schema;
  return escape(typeof type === 'string' ? type : type.join(' or '));
}

function idOf(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z\d]+/g, '-');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
