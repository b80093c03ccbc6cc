/**
 * From an OpenAPI 3.0 document, which the routes generate, to Swagger 2.0, the form in which the reference's API is
 * described and which older tools read. Knows what our routes use, no more: bodies, parameters with plain
 * schemas, responses, named schemas, Basic and header-key security.
 */
type JsonObject = { readonly [key: string]: unknown };

interface MediaTypes {
  readonly [type: string]: { readonly schema?: unknown };
}
interface Operation3 extends JsonObject {
  readonly security?: readonly JsonObject[];
  readonly parameters?: readonly (JsonObject & { readonly schema?: JsonObject })[];
  readonly requestBody?: { readonly required?: boolean; readonly content: MediaTypes };
  readonly responses: {
    readonly [status: string]: {
      readonly description: string;
      readonly headers?: { readonly [name: string]: JsonObject & { readonly schema?: JsonObject } };
      readonly content?: MediaTypes;
    };
  };
}
export interface OpenApi3 {
  readonly info: unknown;
  readonly tags?: unknown;
  readonly paths: { readonly [path: string]: { readonly [method: string]: unknown } };
  readonly components?: { readonly schemas?: JsonObject };
}
export interface Swagger2 {
  readonly swagger: '2.0';
  readonly basePath: string;
  readonly paths: { readonly [path: string]: { readonly [method: string]: JsonObject } };
  readonly definitions: JsonObject;
  readonly [member: string]: unknown;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A schema with the spellings of Swagger 2.0: references into `definitions`, `nullable` as an extension. */
function schemaOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(schemaOf);
  if (!isObject(schema)) return schema;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref') out['$ref'] = String(value).replace('#/components/schemas/', '#/definitions/');
    else if (key === 'nullable') out['x-nullable'] = value;
    // Values, not schemas.
    else if (key === 'example' || key === 'enum' || key === 'default') out[key] = value;
    else out[key] = schemaOf(value);
  }
  return out;
}

function parametersOf(operation: Operation3): JsonObject[] {
  const plain = (operation.parameters ?? []).map(({ schema, ...parameter }) => {
    // Examples stand only in schemas, and a parameter has none here.
    const { example: _example, ...limits } = schemaOf(schema ?? {}) as JsonObject;
    return Object.assign(parameter, limits);
  });
  const { requestBody: body } = operation;
  if (body === undefined) return plain;
  const schema = schemaOf(Object.values(body.content)[0]?.schema ?? {});
  return [...plain, { in: 'body', name: 'body', required: body.required ?? false, schema }];
}

/** Headers have no schema there: its members stand beside the description. */
function headersOf(headers: NonNullable<Operation3['responses'][string]['headers']>): JsonObject {
  return Object.fromEntries(
    Object.entries(headers).map(([name, { schema = {}, ...header }]) => [
      name,
      Object.assign({}, header, schemaOf(schema)),
    ]),
  );
}

function responsesOf(operation: Operation3): JsonObject {
  return Object.fromEntries(
    Object.entries(operation.responses).map(([status, { description, headers, content }]) => {
      const schema = Object.values(content ?? {})[0]?.schema;
      return [
        status,
        {
          description,
          ...(headers === undefined ? {} : { headers: headersOf(headers) }),
          ...(schema === undefined ? {} : { schema: schemaOf(schema) }),
        },
      ];
    }),
  );
}

function operationOf(operation: Operation3): JsonObject {
  const { parameters: _parameters, requestBody, responses, security, ...rest } = operation;
  const produces = [
    ...new Set(Object.values(responses).flatMap((response) => Object.keys(response.content ?? {}))),
  ];
  const parameters = parametersOf(operation);
  return {
    ...rest,
    // Swagger 2.0 has no bearer tokens; a token may stand in X-Auth-Token as well.
    ...(security !== undefined && { security: security.filter((scheme) => !('bearer' in scheme)) }),
    ...(requestBody === undefined ? {} : { consumes: Object.keys(requestBody.content) }),
    ...(produces.length === 0 ? {} : { produces }),
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: responsesOf(operation),
  };
}

/** The part of `document` below `basePath` (no slash at its end) as Swagger 2.0. */
export function toSwagger2(document: OpenApi3, basePath: string): Swagger2 {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const [path, item] of Object.entries(document.paths)) {
    if (path !== basePath && !path.startsWith(`${basePath}/`)) continue;
    const methods = METHODS.filter((method) => item[method] !== undefined);
    paths[path.slice(basePath.length) || '/'] = Object.fromEntries(
      methods.map((method) => [method, operationOf(item[method] as Operation3)]),
    );
  }
  return {
    swagger: '2.0',
    info: document.info,
    basePath,
    schemes: ['http', 'https'],
    consumes: ['application/json'],
    produces: ['application/json'],
    ...(document.tags === undefined ? {} : { tags: document.tags }),
    securityDefinitions: {
      basicAuth: { type: 'basic' },
      authToken: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' },
    },
    paths,
    definitions: schemaOf(document.components?.schemas ?? {}) as JsonObject,
  };
}
