// Made by scripts/gen-proto.ts from the .proto file of the same name; do not edit.
import { Reader, Writer } from './runtime.ts';

const NO_BYTES = new Uint8Array(0);

export interface TableQuery {
  Type: string;
  Query: Uint8Array;
}

export function createTableQuery(init?: Partial<TableQuery>): TableQuery {
  const m: TableQuery = {
    Type: '',
    Query: NO_BYTES,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTableQuery(m: TableQuery, writer: Writer = Writer.create()): Writer {
  if (m.Type !== '') writer.uint32(10).string(m.Type);
  if (m.Query.length !== 0) writer.uint32(18).bytes(m.Query);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTableQuery(input: Reader | Uint8Array, length?: number): TableQuery {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TableQuery is longer than the message around it');
  const m = createTableQuery();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Type = reader.string();
        break;
      case 18:
        m.Query = reader.bytes().slice();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TableQuery ends inside a field');
  return m;
}

export interface TableReply {
  Status: number;
  FlowSets: Uint8Array[];
}

export function createTableReply(init?: Partial<TableReply>): TableReply {
  const m: TableReply = {
    Status: 0,
    FlowSets: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTableReply(m: TableReply, writer: Writer = Writer.create()): Writer {
  if (m.Status !== 0) writer.uint32(8).int32(m.Status);
  for (const item of m.FlowSets) writer.uint32(18).bytes(item);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTableReply(input: Reader | Uint8Array, length?: number): TableReply {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TableReply is longer than the message around it');
  const m = createTableReply();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Status = reader.int32();
        break;
      case 18:
        m.FlowSets.push(reader.bytes().slice());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TableReply ends inside a field');
  return m;
}

export interface SearchQuery {
  Filter?: Filter | undefined;
  PaginationRange?: Range | undefined;
  Sort: boolean;
  Dedup: boolean;
  DedupBy: string;
  SortBy: string;
  SortOrder: SortOrder;
}

export function createSearchQuery(init?: Partial<SearchQuery>): SearchQuery {
  const m: SearchQuery = {
    Filter: undefined,
    PaginationRange: undefined,
    Sort: false,
    Dedup: false,
    DedupBy: '',
    SortBy: '',
    SortOrder: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeSearchQuery(m: SearchQuery, writer: Writer = Writer.create()): Writer {
  if (m.Filter !== undefined) encodeFilter(m.Filter, writer.uint32(10).fork()).ldelim();
  if (m.PaginationRange !== undefined) encodeRange(m.PaginationRange, writer.uint32(18).fork()).ldelim();
  if (m.Sort) writer.uint32(24).bool(m.Sort);
  if (m.Dedup) writer.uint32(32).bool(m.Dedup);
  if (m.DedupBy !== '') writer.uint32(42).string(m.DedupBy);
  if (m.SortBy !== '') writer.uint32(50).string(m.SortBy);
  if (m.SortOrder !== 0) writer.uint32(56).int32(m.SortOrder);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeSearchQuery(input: Reader | Uint8Array, length?: number): SearchQuery {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('SearchQuery is longer than the message around it');
  const m = createSearchQuery();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Filter = decodeFilter(reader, reader.uint32());
        break;
      case 18:
        m.PaginationRange = decodeRange(reader, reader.uint32());
        break;
      case 24:
        m.Sort = reader.bool();
        break;
      case 32:
        m.Dedup = reader.bool();
        break;
      case 42:
        m.DedupBy = reader.string();
        break;
      case 50:
        m.SortBy = reader.string();
        break;
      case 56:
        m.SortOrder = reader.int32() as SortOrder;
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('SearchQuery ends inside a field');
  return m;
}

export const SortOrder = {
  NO_ORDER: 0,
  ASCENDING: 1,
  DESCENDING: 2,
} as const;
export type SortOrder = (typeof SortOrder)[keyof typeof SortOrder];

export interface Range {
  From: number;
  To: number;
}

export function createRange(init?: Partial<Range>): Range {
  const m: Range = {
    From: 0,
    To: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeRange(m: Range, writer: Writer = Writer.create()): Writer {
  if (m.From !== 0) writer.uint32(8).int64(m.From);
  if (m.To !== 0) writer.uint32(16).int64(m.To);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeRange(input: Reader | Uint8Array, length?: number): Range {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Range is longer than the message around it');
  const m = createRange();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.From = (reader.int64() as unknown as number);
        break;
      case 16:
        m.To = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Range ends inside a field');
  return m;
}

export interface Filter {
  TermStringFilter?: TermString | undefined;
  TermInt64Filter?: TermInt64 | undefined;
  TermBoolFilter?: TermBool | undefined;
  GtInt64Filter?: TermInt64 | undefined;
  LtInt64Filter?: TermInt64 | undefined;
  GteInt64Filter?: TermInt64 | undefined;
  LteInt64Filter?: TermInt64 | undefined;
  BoolFilter?: Bool | undefined;
  RegexFilter?: TermString | undefined;
  NullFilter?: Null | undefined;
  IPV4RangeFilter?: TermString | undefined;
}

export function createFilter(init?: Partial<Filter>): Filter {
  const m: Filter = {
    TermStringFilter: undefined,
    TermInt64Filter: undefined,
    TermBoolFilter: undefined,
    GtInt64Filter: undefined,
    LtInt64Filter: undefined,
    GteInt64Filter: undefined,
    LteInt64Filter: undefined,
    BoolFilter: undefined,
    RegexFilter: undefined,
    NullFilter: undefined,
    IPV4RangeFilter: undefined,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeFilter(m: Filter, writer: Writer = Writer.create()): Writer {
  if (m.TermStringFilter !== undefined) encodeTermString(m.TermStringFilter, writer.uint32(10).fork()).ldelim();
  if (m.TermInt64Filter !== undefined) encodeTermInt64(m.TermInt64Filter, writer.uint32(18).fork()).ldelim();
  if (m.TermBoolFilter !== undefined) encodeTermBool(m.TermBoolFilter, writer.uint32(26).fork()).ldelim();
  if (m.GtInt64Filter !== undefined) encodeTermInt64(m.GtInt64Filter, writer.uint32(34).fork()).ldelim();
  if (m.LtInt64Filter !== undefined) encodeTermInt64(m.LtInt64Filter, writer.uint32(42).fork()).ldelim();
  if (m.GteInt64Filter !== undefined) encodeTermInt64(m.GteInt64Filter, writer.uint32(50).fork()).ldelim();
  if (m.LteInt64Filter !== undefined) encodeTermInt64(m.LteInt64Filter, writer.uint32(58).fork()).ldelim();
  if (m.BoolFilter !== undefined) encodeBool(m.BoolFilter, writer.uint32(66).fork()).ldelim();
  if (m.RegexFilter !== undefined) encodeTermString(m.RegexFilter, writer.uint32(74).fork()).ldelim();
  if (m.NullFilter !== undefined) encodeNull(m.NullFilter, writer.uint32(82).fork()).ldelim();
  if (m.IPV4RangeFilter !== undefined) encodeTermString(m.IPV4RangeFilter, writer.uint32(90).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeFilter(input: Reader | Uint8Array, length?: number): Filter {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Filter is longer than the message around it');
  const m = createFilter();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.TermStringFilter = decodeTermString(reader, reader.uint32());
        break;
      case 18:
        m.TermInt64Filter = decodeTermInt64(reader, reader.uint32());
        break;
      case 26:
        m.TermBoolFilter = decodeTermBool(reader, reader.uint32());
        break;
      case 34:
        m.GtInt64Filter = decodeTermInt64(reader, reader.uint32());
        break;
      case 42:
        m.LtInt64Filter = decodeTermInt64(reader, reader.uint32());
        break;
      case 50:
        m.GteInt64Filter = decodeTermInt64(reader, reader.uint32());
        break;
      case 58:
        m.LteInt64Filter = decodeTermInt64(reader, reader.uint32());
        break;
      case 66:
        m.BoolFilter = decodeBool(reader, reader.uint32());
        break;
      case 74:
        m.RegexFilter = decodeTermString(reader, reader.uint32());
        break;
      case 82:
        m.NullFilter = decodeNull(reader, reader.uint32());
        break;
      case 90:
        m.IPV4RangeFilter = decodeTermString(reader, reader.uint32());
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Filter ends inside a field');
  return m;
}

export interface TermString {
  Key: string;
  Value: string;
}

export function createTermString(init?: Partial<TermString>): TermString {
  const m: TermString = {
    Key: '',
    Value: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTermString(m: TermString, writer: Writer = Writer.create()): Writer {
  if (m.Key !== '') writer.uint32(10).string(m.Key);
  if (m.Value !== '') writer.uint32(18).string(m.Value);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTermString(input: Reader | Uint8Array, length?: number): TermString {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TermString is longer than the message around it');
  const m = createTermString();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Key = reader.string();
        break;
      case 18:
        m.Value = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TermString ends inside a field');
  return m;
}

export interface TermInt64 {
  Key: string;
  Value: number;
}

export function createTermInt64(init?: Partial<TermInt64>): TermInt64 {
  const m: TermInt64 = {
    Key: '',
    Value: 0,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTermInt64(m: TermInt64, writer: Writer = Writer.create()): Writer {
  if (m.Key !== '') writer.uint32(10).string(m.Key);
  if (m.Value !== 0) writer.uint32(16).int64(m.Value);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTermInt64(input: Reader | Uint8Array, length?: number): TermInt64 {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TermInt64 is longer than the message around it');
  const m = createTermInt64();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Key = reader.string();
        break;
      case 16:
        m.Value = (reader.int64() as unknown as number);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TermInt64 ends inside a field');
  return m;
}

export interface TermBool {
  Key: string;
  Value: boolean;
}

export function createTermBool(init?: Partial<TermBool>): TermBool {
  const m: TermBool = {
    Key: '',
    Value: false,
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeTermBool(m: TermBool, writer: Writer = Writer.create()): Writer {
  if (m.Key !== '') writer.uint32(10).string(m.Key);
  if (m.Value) writer.uint32(16).bool(m.Value);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeTermBool(input: Reader | Uint8Array, length?: number): TermBool {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('TermBool is longer than the message around it');
  const m = createTermBool();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Key = reader.string();
        break;
      case 16:
        m.Value = reader.bool();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('TermBool ends inside a field');
  return m;
}

export interface Null {
  Key: string;
}

export function createNull(init?: Partial<Null>): Null {
  const m: Null = {
    Key: '',
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeNull(m: Null, writer: Writer = Writer.create()): Writer {
  if (m.Key !== '') writer.uint32(10).string(m.Key);
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeNull(input: Reader | Uint8Array, length?: number): Null {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Null is longer than the message around it');
  const m = createNull();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        m.Key = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Null ends inside a field');
  return m;
}

export const BoolOp = {
  OR: 0,
  AND: 1,
  NOT: 2,
} as const;
export type BoolOp = (typeof BoolOp)[keyof typeof BoolOp];

export interface Bool {
  Op: BoolOp;
  Filters: Filter[];
}

export function createBool(init?: Partial<Bool>): Bool {
  const m: Bool = {
    Op: 0,
    Filters: [],
  };
  return init === undefined ? m : Object.assign(m, init);
}

export function encodeBool(m: Bool, writer: Writer = Writer.create()): Writer {
  if (m.Op !== 0) writer.uint32(8).int32(m.Op);
  for (const item of m.Filters) encodeFilter(item, writer.uint32(18).fork()).ldelim();
  return writer;
}

/** Throws RangeError or Error when the bytes are not such a message. Unknown fields are skipped. */
export function decodeBool(input: Reader | Uint8Array, length?: number): Bool {
  const reader = input instanceof Uint8Array ? Reader.create(input) : input;
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('Bool is longer than the message around it');
  const m = createBool();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        m.Op = reader.int32() as BoolOp;
        break;
      case 18:
        m.Filters.push(decodeFilter(reader, reader.uint32()));
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos !== end) throw new RangeError('Bool ends inside a field');
  return m;
}
