/**
 * Writes proto/gen/*.ts from proto/*.proto: plain interfaces with straight-line encode and decode functions
 * on protobufjs' Reader and Writer. protobufjs' own reflection needs code generation at run time, which
 * Workers forbid, and its static output is about a third slower to decode (design notes in docs/design/wire.md).
 *
 *   node scripts/gen-proto.ts            write
 *   node scripts/gen-proto.ts --check    exit 1 when a file would change
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const here = dirname(fileURLToPath(import.meta.url));
const protoDir = join(here, '../proto');
const genDir = join(protoDir, 'gen');

const HEAD = '// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.\n';

const RUNTIME = `${HEAD}import protobuf from 'protobufjs/minimal.js';

// 64-bit integers are JavaScript numbers here: every value that travels is a time in ms, a counter or an id
// below 2^53. Without this line protobufjs returns Long objects where the package \`long\` can be found.
const util = protobuf.util as { Long?: unknown; Buffer?: unknown };
util.Long = undefined;
protobuf.configure();

// Node writes longer strings fastest through its Buffer. The Workers runtime has a Buffer too, but its \`utf8Write\`
// takes the length of the whole buffer for what is left of it, and throws: there the plain writer does the work.
try {
  protobuf.Writer.create().string('x'.repeat(64)).finish();
} catch {
  util.Buffer = null;
  protobuf.configure();
}

export const Reader = protobuf.Reader;
export type Reader = protobuf.Reader;
export const Writer = protobuf.Writer;
export type Writer = protobuf.Writer;
`;

/** Messages of which some fields are decoded without the others. */
const DECODED_PARTLY = new Set(['Flow']);
const SKIP_UNWANTED = `    if (only !== undefined && !only.has(tag >>> 3)) {
      reader.skipType(tag & 7);
      continue;
    }
`;

const SCALARS: Record<string, { ts: string; zero: string; wire: number }> = {
  string: { ts: 'string', zero: "''", wire: 2 },
  bytes: { ts: 'Uint8Array', zero: 'NO_BYTES', wire: 2 },
  bool: { ts: 'boolean', zero: 'false', wire: 0 },
  uint32: { ts: 'number', zero: '0', wire: 0 },
  int32: { ts: 'number', zero: '0', wire: 0 },
  int64: { ts: 'number', zero: '0', wire: 0 },
  uint64: { ts: 'number', zero: '0', wire: 0 },
  double: { ts: 'number', zero: '0', wire: 1 },
};

type Kind = { ts: string; zero: string; wire: number; method: string; message: boolean };

function kindOf(field: protobuf.Field): Kind {
  const scalar = SCALARS[field.type];
  if (scalar) return { ...scalar, method: field.type, message: false };
  field.resolve();
  const name = field.resolvedType?.name;
  if (name === undefined) throw new Error(`unknown type ${field.type} of ${field.fullName}`);
  if (field.resolvedType instanceof protobuf.Enum)
    return { ts: name, zero: '0', wire: 0, method: 'int32', message: false };
  return { ts: name, zero: 'undefined', wire: 2, method: '', message: true };
}

function member(field: protobuf.Field): string {
  const kind = kindOf(field);
  if (field.repeated) return `  ${field.name}: ${kind.ts}[];`;
  return kind.message ? `  ${field.name}?: ${kind.ts} | undefined;` : `  ${field.name}: ${kind.ts};`;
}

function isZero(value: string, kind: Kind): string {
  if (kind.ts === 'string') return `${value} !== ''`;
  if (kind.ts === 'boolean') return value;
  if (kind.ts === 'Uint8Array') return `${value}.length !== 0`;
  return `${value} !== 0`;
}

function writeOne(field: protobuf.Field, value: string): string {
  const kind = kindOf(field);
  const tag = `writer.uint32(${((field.id << 3) | kind.wire) >>> 0})`;
  if (!kind.message) return `${tag}.${kind.method}(${value});`;
  return `encode${kind.ts}(${value}, ${tag}.fork()).ldelim();`;
}

function writeField(field: protobuf.Field): string {
  const kind = kindOf(field);
  const value = `m.${field.name}`;
  if (field.repeated) return `  for (const item of ${value}) ${writeOne(field, 'item')}`;
  const present = kind.message ? `${value} !== undefined` : isZero(value, kind);
  return `  if (${present}) ${writeOne(field, value)}`;
}

function readField(field: protobuf.Field): string {
  const kind = kindOf(field);
  const read = kind.message
    ? `decode${kind.ts}(reader, reader.uint32())`
    : kind.ts === 'Uint8Array'
      ? 'reader.bytes().slice()'
      : `reader.${kind.method}()`;
  const cast = SCALARS[field.type] === undefined && !kind.message ? ` as ${kind.ts}` : '';
  const call = kind.method.endsWith('64') ? `(${read} as unknown as number)` : `${read}${cast}`;
  const set = field.repeated ? `m.${field.name}.push(${call});` : `m.${field.name} = ${call};`;
  const tag = ((field.id << 3) | kind.wire) >>> 0;
  return `      case ${tag}:\n        ${set}\n        break;`;
}

function message(type: protobuf.Type): string {
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id);
  const zeros = fields.map((f) => `    ${f.name}: ${f.repeated ? '[]' : kindOf(f).zero},`).join('\n');
  const name = type.name;
  const entries = fields.map((f) => `  ${f.name}: ${f.id},`).join('\n');
  const isPartly = DECODED_PARTLY.has(name);
  const numbers = isPartly
    ? `\n/** Field numbers of ${name}, for decoding a few of them. */\nexport const ${lowerFirst(name)}Fields = {\n${entries}\n} as const;\n`
    : '';
  return `export interface ${name} {
${fields.map(member).join('\n')}
}
${numbers}
export function create${name}(init?: Partial<${name}>): ${name} {
  const m: ${name} = {
${zeros}
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encode${name}(m: ${name}, writer: Writer = Writer.create()): Writer {
${fields.map(writeField).join('\n')}
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped${isPartly ? ', with `only` all but these' : ''}. */
export function decode${name}(input: Reader | Uint8Array, length?: number${isPartly ? ', only?: ReadonlySet<number>' : ''}): ${name} {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('${name} is longer than the message around it');
  const m = create${name}();
  while (reader.pos < end) {
    const tag = reader.uint32();
${isPartly ? SKIP_UNWANTED : ''}    switch (tag) {
${fields.map(readField).join('\n')}
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('${name} ends inside a field');
  return m;
}
`;
}

function lowerFirst(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1);
}

function enumeration(type: protobuf.Enum): string {
  const entries = Object.entries(type.values);
  return `export const ${type.name} = {\n${entries.map(([k, v]) => `  ${k}: ${v},`).join('\n')}\n} as const;
export type ${type.name} = (typeof ${type.name})[keyof typeof ${type.name}];
`;
}

function generate(file: string): string {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(protoDir, target));
  root.loadSync(join(protoDir, file), { keepCase: true });
  const own: protobuf.ReflectionObject[] = [];
  const foreign = new Map<string, Set<string>>();
  const walk = (ns: protobuf.NamespaceBase) => {
    for (const o of ns.nestedArray) {
      if (o instanceof protobuf.Type || o instanceof protobuf.Enum) {
        if (o.filename?.endsWith(`/${file}`)) own.push(o);
      } else if (o instanceof protobuf.Namespace) walk(o);
    }
  };
  walk(root);
  for (const type of own) {
    if (!(type instanceof protobuf.Type)) continue;
    for (const field of type.fieldsArray) {
      field.resolve();
      const from = field.resolvedType?.filename?.split('/').pop();
      if (from === undefined || from === file || field.resolvedType === null) continue;
      const names = foreign.get(from) ?? new Set<string>();
      const name = field.resolvedType.name;
      names.add(`type ${name}`).add(`decode${name}`).add(`encode${name}`);
      foreign.set(from, names);
    }
  }
  const imports = [...foreign].map(
    ([from, names]) =>
      `import { ${[...names].sort().join(', ')} } from './${from.replace('.proto', '.ts')}';\n`,
  );
  const body = own
    .map((o) => (o instanceof protobuf.Type ? message(o) : enumeration(o as protobuf.Enum)))
    .join('\n');
  const bytes = body.includes('NO_BYTES') ? 'const NO_BYTES = new Uint8Array(0);\n\n' : '\n';
  return `${HEAD}import { Reader, Writer } from './runtime.ts';\n${imports.join('')}\n${bytes}${body}`;
}

const outputs = new Map<string, string>([['runtime.ts', RUNTIME]]);
for (const file of readdirSync(protoDir).filter((f) => f.endsWith('.proto')))
  outputs.set(file.replace('.proto', '.ts'), generate(file));

if (process.argv.includes('--check')) {
  const stale = [...outputs].filter(([name, text]) => {
    try {
      return readFileSync(join(genDir, name), 'utf8') !== text;
    } catch {
      return true;
    }
  });
  for (const [name] of stale)
    console.error(`proto/gen/${name} is not what scripts/gen-proto.ts makes; run it`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  mkdirSync(genDir, { recursive: true });
  for (const [name, text] of outputs) writeFileSync(join(genDir, name), text);
}
