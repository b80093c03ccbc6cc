/** An OpenAPI 3.1 document as TypeScript: an interface for each named schema, and one that lists every operation. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Media {
  readonly schema?: Schema;
}
type Content = Readonly<Record<string, Media>>;

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const HEAD = `/**
 * What each route of the API takes and answers. Made by scripts/gen-api.ts from the routes' own descriptions; do not edit.
 */
/* oxlint-disable */
`;

export function operationsText({ paths, components }: ApiDocument): string {
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`,
  );
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, operation]) => `  readonly '${method.toUpperCase()} ${path}': ${operationType(operation)};\n`,
    ),
  );
  return `${HEAD}${schemas.join('')}\nexport interface Operations {\n${operations.join('')}}\n`;
}

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const of = (place: string): string => {
    const all = parameters.filter((one) => one.in === place);
    if (all.length === 0) return '{}';
    return `{ ${all.map(({ name, required }) => `readonly ${quoted(name)}${required === true ? '' : '?'}: string`).join('; ')} }`;
  };
  const good = Object.entries(responses).find(([status]) => status.startsWith('2'));
  return `{ readonly params: ${of('path')}; readonly query: ${of('query')}; readonly body: ${bodyOf(requestBody?.content)}; readonly answer: ${bodyOf(good?.[1].content)} }`;
}

/** What is JSON; anything else is a text or bytes. */
function bodyOf(content: Content | undefined): string {
  if (content === undefined) return 'undefined';
  const json = content['application/json']?.schema;
  return json === undefined ? 'string' : typeOf(json);
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return several.map(typeOf).join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.length === 0 ? 'unknown' : types.map((type) => plainType(type, schema)).join(' | ');
}

function plainType(type: string, schema: Schema): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'array':
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    default:
      return objectType(schema);
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const members = Object.entries(properties).map(
    ([name, member]) => `readonly ${quoted(name)}${required.includes(name) ? '' : '?'}: ${typeOf(member)}`,
  );
  const others =
    additionalProperties === undefined || additionalProperties === false
      ? ''
      : `readonly [name: string]: ${additionalProperties === true || members.length > 0 || Object.keys(additionalProperties).length === 0 ? 'unknown' : typeOf(additionalProperties)}`;
  if (others !== '') members.push(others);
  return `{ ${members.join('; ')} }`;
}

function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
