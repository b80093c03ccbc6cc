/** The tree as the rows that can be seen: what is open, or, while something is searched, what was found and what holds it. */
import { wayUp, type Containment } from './containment.ts';

export interface TreeRow {
  readonly id: string;
  /** 1 at the top, as aria-level counts. */
  readonly level: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  /** Among its siblings, from 1. */
  readonly position: number;
  readonly siblings: number;
}

/** `found`: only these and what holds them, all open; undefined for everything that is open. */
export function treeRows(
  containment: Containment,
  open: ReadonlySet<string>,
  found: ReadonlySet<string> | undefined,
): TreeRow[] {
  const shown = found === undefined ? undefined : new Set([...found].flatMap((id) => wayUp(containment, id)));
  const rows: TreeRow[] = [];
  const add = (ids: readonly string[], level: number): void => {
    const list = shown === undefined ? ids : ids.filter((id) => shown.has(id));
    for (const [index, id] of list.entries()) {
      const all = containment.children.get(id) ?? [];
      const inside = shown === undefined ? all : all.filter((child) => shown.has(child));
      const isOpen = inside.length > 0 && (shown !== undefined || open.has(id));
      rows.push({
        id,
        level,
        hasChildren: inside.length > 0,
        isOpen,
        position: index + 1,
        siblings: list.length,
      });
      if (isOpen) add(inside, level + 1);
    }
  };
  add(containment.roots, 1);
  return rows;
}
