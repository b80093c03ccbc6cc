/**
 * The network as a tree, with everything that the map shows: by keyboard (arrows, Home, End, Enter, and letters), for screen readers, and
 * for whoever prefers lists. The keys are those of the ARIA pattern for trees.
 */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { limits } from '../../core/limits.ts';
import { capturesOf, mainAddressOf, nameOf, stateOf, typeOf } from '../model/node-text.ts';
import { treeRows, type TreeRow } from '../model/tree-rows.ts';
import { CHANGE_SIGNS } from '../model/graph-difference.ts';
import { graph, graphVersion, isLoaded } from '../state/live.ts';
import { compared } from '../state/past.ts';
import { found, highlighted, openIds, searchText, selectedId, shown, toggle } from '../state/view.ts';
import { useWindow } from './use-window.ts';

const ROW_PX = 26;
const STATES = { up: 'up', down: 'down', none: '' } as const;

const domId = (id: string): string => `tree-${id}`;

export function Tree() {
  void graphVersion.value;
  const hits = found.value;
  const rows = useMemo(
    () => treeRows(shown.value, openIds.value, hits?.ids),
    [shown.value, openIds.value, hits],
  );
  const [activeId, setActive] = useState('');
  const { ref, from, to, show } = useWindow<HTMLDivElement>(rows.length, ROW_PX);
  const active = Math.max(
    0,
    rows.findIndex(({ id }) => id === (activeId || selectedId.value)),
  );
  useEffect(() => {
    const index = rows.findIndex(({ id }) => id === selectedId.value);
    setActive(selectedId.value);
    if (index >= 0) show(index);
    // Only when another is selected: what is live must not move what is looked at.
  }, [selectedId.value]);

  const go = (index: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    setActive(row.id);
    show(rows.indexOf(row));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[active];
    if (row === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!press(event.key, row, rows, active, go)) return;
    event.preventDefault();
  };
  return (
    <nav class="tree-pane" aria-label="Network">
      <input
        id="search"
        type="search"
        placeholder="Name, IP or MAC"
        aria-label="Search nodes by name, kind, IP or MAC"
        value={searchText.value}
        onInput={({ currentTarget }) => (searchText.value = currentTarget.value)}
      />
      <p class="muted" role="status">
        {countText(rows.length, hits)}
      </p>
      <div
        class="tree"
        role="tree"
        aria-label="Hosts, namespaces, bridges and interfaces"
        tabIndex={0}
        ref={ref}
        aria-activedescendant={rows[active] === undefined ? undefined : domId(rows[active].id)}
        onKeyDown={onKeyDown}
      >
        <div role="presentation" style={{ height: `${from * ROW_PX}px` }} />
        {rows.slice(from, to).map((row) => (
          <Row
            key={row.id}
            row={row}
            isActive={row.id === rows[active]?.id}
            onPick={() => setActive(row.id)}
          />
        ))}
        <div role="presentation" style={{ height: `${Math.max(0, rows.length - to) * ROW_PX}px` }} />
      </div>
    </nav>
  );
}

function countText(rows: number, hits: typeof found.value): string {
  if (!isLoaded.value) return 'Loading the graph …';
  if (hits === undefined)
    return graph.nodes.size === 0
      ? 'Nothing yet: start a probe (npm run probe).'
      : `${graph.nodes.size} nodes, ${rows} shown`;
  if (hits.ids.size === 0) return 'Nothing fits.';
  return hits.isCut ? `The first ${limits.pageFoundMax} that fit` : `${hits.ids.size} found`;
}

/** True when the key means something here. */
function press(
  key: string,
  row: TreeRow,
  rows: readonly TreeRow[],
  at: number,
  go: (index: number) => void,
): boolean {
  switch (key) {
    case 'ArrowDown':
      go(at + 1);
      return true;
    case 'ArrowUp':
      go(at - 1);
      return true;
    case 'Home':
      go(0);
      return true;
    case 'End':
      go(rows.length - 1);
      return true;
    case 'ArrowRight':
      if (row.hasChildren && !row.isOpen) toggle(row.id, true);
      else if (row.isOpen) go(at + 1);
      return true;
    case 'ArrowLeft':
      if (row.isOpen && found.value === undefined) toggle(row.id, false);
      else go(rows.findLastIndex((above, index) => index < at && above.level === row.level - 1));
      return true;
    case 'Enter':
    case ' ':
      selectedId.value = row.id;
      return true;
    default:
      return key.length === 1 && goToLetter(key, rows, at, go);
  }
}

function goToLetter(
  letter: string,
  rows: readonly TreeRow[],
  at: number,
  go: (index: number) => void,
): boolean {
  const fits = ({ id }: TreeRow): boolean => {
    const node = graph.nodes.get(id);
    return node !== undefined && nameOf(node).toLowerCase().startsWith(letter.toLowerCase());
  };
  const next = rows.findIndex((row, index) => index > at && fits(row));
  const index = next >= 0 ? next : rows.findIndex(fits);
  if (index >= 0) go(index);
  return true;
}

function Row({
  row,
  isActive,
  onPick,
}: {
  readonly row: TreeRow;
  readonly isActive: boolean;
  readonly onPick: () => void;
}) {
  const node = graph.nodes.get(row.id);
  if (node === undefined) return null;
  const state = stateOf(node);
  const captures = capturesOf(node).length;
  const change = compared.value?.changes.get(row.id);
  const isDim = highlighted.value !== undefined && !highlighted.value.has(row.id);
  return (
    <div
      id={domId(row.id)}
      role="treeitem"
      class={`row${isActive ? ' active' : ''}${isDim ? ' dim' : ''} ${change ?? ''}`}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={row.id === selectedId.value}
      {...(row.hasChildren && { 'aria-expanded': row.isOpen })}
      style={{ paddingInlineStart: `${(row.level - 1) * 14 + 4}px` }}
      onClick={() => {
        onPick();
        selectedId.value = row.id;
      }}
      onDblClick={() => row.hasChildren && toggle(row.id, !row.isOpen)}
    >
      <span
        class="twist"
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation();
          if (row.hasChildren && found.value === undefined) toggle(row.id, !row.isOpen);
        }}
      >
        {row.hasChildren ? (row.isOpen ? '▾' : '▸') : ''}
      </span>
      <span class={`state ${state}`} aria-hidden="true" />
      {change !== undefined && (
        <span class="change">
          <span aria-hidden="true">{CHANGE_SIGNS[change]}</span>
          <span class="sr">{change} </span>
        </span>
      )}
      <span class="name">{nameOf(node)}</span>
      <span class="kind">{typeOf(node)}</span>
      {STATES[state] !== '' && <span class="sr">, {STATES[state]}</span>}
      {captures > 0 && (
        <span class="captured" title="captured">
          ● <span class="sr">captured</span>
        </span>
      )}
      <span class="address">{mainAddressOf(node)}</span>
    </div>
  );
}
