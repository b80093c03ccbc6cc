/**
 * Statistics of a probe's nodes (counters of interfaces, above all) on their way to the tables. Each of them is a revision, so that one host
 * would write a row for every interface every half a minute, for ever: more than all else that an analyzer writes. They are held in memory for
 * `timings.statisticsHeldMs` and then written together, some thousand to a row: what ended to the past, what is now to `late`, which lies over
 * `node` when the object wakes.
 *
 * What a crash takes with it is what probes tell again as soon as they are back.
 */
import type { GraphEvent, GraphNode, Metadata } from '../../core/graph/element.ts';
import type { Revision } from '../../core/graph/history.ts';
import type { EndedState } from '../../core/graph/past-packs.ts';
import { isOnlyStatistics, statisticsOf } from '../../core/graph/statistics.ts';
import { limits } from '../../core/limits.ts';
import { nodeToJson, type NodeJson } from '../../core/wire/element-json.ts';

/** Of the schema that has it first. */
export const createLateTable = (sql: SqlStorage): void =>
  void sql.exec('CREATE TABLE late (number INTEGER PRIMARY KEY, json TEXT NOT NULL)');

/** What lies over a row of `node`, as long as that is the one it was made for. */
interface LateNode {
  readonly ID: string;
  readonly Over: readonly [createdAt: number, updatedAt: number, revision: number];
  readonly UpdatedAt: number;
  readonly Revision: number;
  readonly Metadata: Metadata;
}

interface Held {
  /** As it stands in `node`. */
  readonly stored: LateNode['Over'];
  readonly now: GraphNode;
}

/** A character of JSON has at most three bytes. */
const ROW_CHARS_MAX = limits.rowBytesMax / 3;
/** With more rows than this they are written anew, each node once. */
const ROWS_MAX = 64;

export class LateStatistics {
  readonly #sql: SqlStorage;
  /** Nodes whose row in `node` is behind; by id. */
  readonly #nodes = new Map<string, Held>();
  /** Those of them that `late` does not have like this yet. */
  readonly #unwritten = new Set<string>();
  /** What ended and is not in the past yet; by id. */
  readonly #ended = new Map<string, Revision<GraphNode>[]>();
  #endedCount = 0;
  /** In the table. */
  #rows = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether there is something to write. */
  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  get isFull(): boolean {
    return this.#endedCount >= limits.statisticsHeldMax;
  }

  /** For `over`: what the table has, by id. Call once, first of all. */
  load(): Map<string, LateNode> {
    const byId = new Map<string, LateNode>();
    for (const { json } of this.#sql.exec<{ json: string }>('SELECT json FROM late ORDER BY number')) {
      this.#rows++;
      for (const late of JSON.parse(json) as LateNode[]) byId.set(late.ID, late);
    }
    return byId;
  }

  /** A node as its row and `late` together have it. */
  over(json: NodeJson, late: LateNode | undefined): NodeJson {
    if (late === undefined) return json;
    const stored = [json.CreatedAt, json.UpdatedAt, json.Revision] as const;
    if (!stored.every((value, at) => value === late.Over[at])) return json;
    const { UpdatedAt, Revision } = late;
    return { ...json, UpdatedAt, Revision, Metadata: { ...json.Metadata, ...late.Metadata } };
  }

  /** The node that `over` made is behind its row, as it was before. */
  loaded(now: GraphNode, stored: LateNode['Over']): void {
    this.#nodes.set(now.id, { stored, now });
  }

  /** Takes an event that may wait; false for others, which have to be written. */
  hold(event: GraphEvent, atMs: number, keepsPast: boolean): boolean {
    if (event.kind !== 'nodeUpdated') return false;
    const { node, before } = event;
    // Of those who make these it is known that they tell everything again after a crash.
    if (!node.origin.startsWith('agent.') || !isOnlyStatistics(before, node)) return false;
    const stored = this.#nodes.get(node.id)?.stored ?? [before.createdAt, before.updatedAt, before.revision];
    this.#nodes.set(node.id, { stored, now: node });
    this.#unwritten.add(node.id);
    if (!keepsPast) return true;
    const ended = { element: before, archivedAt: atMs };
    const same = this.#ended.get(node.id);
    if (same === undefined) this.#ended.set(node.id, [ended]);
    else same.push(ended);
    this.#endedCount++;
    return true;
  }

  /** The node is written now, or deleted: what ended of it has to go to the past with that. */
  release(id: string): EndedState[] {
    this.#nodes.delete(id);
    this.#unwritten.delete(id);
    const ended = this.#ended.get(id);
    if (ended === undefined) return [];
    this.#ended.delete(id);
    this.#endedCount -= ended.length;
    return ended.map(stateOf);
  }

  /** What ended and is not in the past yet. */
  *ended(): Generator<Revision<GraphNode>> {
    for (const revisions of this.#ended.values()) yield* revisions;
  }

  get endedCount(): number {
    return this.#endedCount;
  }

  /** Writes what is now; the past takes what it returns. Only inside a transaction. */
  write(): EndedState[] {
    const all = [...this.ended()].sort((a, b) => a.archivedAt! - b.archivedAt!).map(stateOf);
    this.#ended.clear();
    this.#endedCount = 0;
    this.#insert(this.#unwritten);
    if (this.#rows > ROWS_MAX) {
      this.#sql.exec('DELETE FROM late');
      this.#rows = 0;
      this.#insert(this.#nodes.keys());
    }
    this.#unwritten.clear();
    return all;
  }

  #insert(ids: Iterable<string>): void {
    let texts: string[] = [];
    let chars = 0;
    const close = (): void => {
      if (texts.length === 0) return;
      this.#sql.exec('INSERT INTO late (json) VALUES (?)', `[${texts.join(',')}]`);
      this.#rows++;
      texts = [];
      chars = 0;
    };
    for (const id of ids) {
      const held = this.#nodes.get(id);
      if (held === undefined) continue;
      const text = JSON.stringify(lateNode(held));
      if (chars + text.length + 2 > ROW_CHARS_MAX) close();
      texts.push(text);
      chars += text.length + 1;
    }
    close();
  }
}

function stateOf({ element, archivedAt }: Revision<GraphNode>): EndedState {
  return { fromMs: element.updatedAt, toMs: archivedAt!, text: JSON.stringify(nodeToJson(element)) };
}

function lateNode({ stored, now }: Held): LateNode {
  return {
    ID: now.id,
    Over: stored,
    UpdatedAt: now.updatedAt,
    Revision: now.revision,
    Metadata: statisticsOf(now.metadata),
  };
}
