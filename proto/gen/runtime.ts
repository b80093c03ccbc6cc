// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import protobuf from 'protobufjs/minimal.js';

// 64-bit integers are JavaScript numbers here: every value that travels is a time in ms, a counter or an id
// below 2^53. Without this line protobufjs returns Long objects where the package `long` can be found.
(protobuf.util as { Long?: unknown }).Long = undefined;
protobuf.configure();

export const Reader = protobuf.Reader;
export type Reader = protobuf.Reader;
export const Writer = protobuf.Writer;
export type Writer = protobuf.Writer;
