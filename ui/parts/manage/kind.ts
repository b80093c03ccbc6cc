/** What a kind of thing that is kept has to say of itself to be listed, made, changed and deleted here. */
import type { ComponentChildren } from 'preact';
import type { JSONPatch } from '../../../core/api/operations.ts';
import type { Fields } from '../../model/manage/fields.ts';

export interface Entry {
  readonly id: string;
  /** For people: what it is called, or what it asks. */
  readonly title: string;
  /** One for each column. */
  readonly cells: readonly ComponentChildren[];
  /** As the API shows it. */
  readonly value: Readonly<Record<string, unknown>>;
}

export interface Kind {
  readonly name: string;
  /** One of it, in a sentence. */
  readonly one: string;
  /** The object of its permissions. */
  readonly object: string;
  readonly columns: readonly string[];
  readonly fields: Fields;
  /** What to do while there are none. */
  readonly empty: string;
  readonly list: () => Promise<readonly Entry[]>;
  /** What breaks its rules, found by the API's own reader before it is sent; nothing when it may be sent. */
  readonly check: (body: object) => Promise<readonly string[]>;
  /** Gives what must be told of it, such as a token that is shown once. */
  readonly create: (body: object) => Promise<string>;
  readonly remove: (id: string) => Promise<unknown>;
  /** Absent for what the API does not change: its values can be taken over into a new one. */
  readonly change?: {
    readonly get: (id: string) => Promise<Readonly<Record<string, unknown>>>;
    readonly patch: (id: string, patch: JSONPatch) => Promise<unknown>;
  };
  /** Something made from the values of another makes no sense. */
  readonly isUnique?: boolean;
}

export const entriesOf = <One extends object>(
  all: Readonly<Record<string, One>>,
  titleOf: (one: One) => string,
  cells: (one: One, id: string) => readonly ComponentChildren[],
): Entry[] =>
  Object.entries(all).map(([id, one]) => ({
    id,
    title: titleOf(one) || id,
    cells: cells(one, id),
    value: one as Entry['value'],
  }));

/** Of an answer of one of the API's readers. */
export const faultsOf = (read: object): readonly string[] =>
  'errors' in read ? (read.errors as readonly string[]) : [];
