// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import protobuf from 'protobufjs/minimal.js';

// 64-bit integers are JavaScript numbers here: every value that travels is a time in ms, a counter or an id
// below 2^53. Without this line protobufjs returns Long objects where the package `long` can be found.
const util = protobuf.util as { Long?: unknown; Buffer?: unknown };
util.Long = undefined;
protobuf.configure();

// Node writes longer strings fastest through its Buffer. The Workers runtime has a Buffer too, but its `utf8Write`
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
