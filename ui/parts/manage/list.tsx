/** Everything of a kind, with what becomes of it, what can be done with it, and a form for one more. */
import { useState } from 'preact/hooks';
import { bodyOf, givenOf, type Given } from '../../model/manage/fields.ts';
import { may } from '../../state/session.ts';
import { AskOnce } from '../ask-once.tsx';
import { Edit } from './edit.tsx';
import type { Entry, Kind } from './kind.ts';
import { ResourceForm } from './resource-form.tsx';
import { useKept } from './use-kept.tsx';

/** The values of another; the number makes it a form of its own. */
interface Like {
  readonly number: number;
  readonly given: Given;
}

export function List({ kind }: { readonly kind: Kind }) {
  const { entries, load, editing, edit, leave, remove, notices } = useKept(kind.list);
  const [like, setLike] = useState<Like>({ number: 0, given: {} });
  const mayWrite = may(kind.object, 'write');
  const hasSome = entries !== undefined && entries.length > 0;
  return (
    <>
      {notices}
      {entries?.length === 0 && <p class="muted">None yet. {mayWrite && kind.empty}</p>}
      {hasSome && (
        <Table
          kind={kind}
          entries={entries}
          mayWrite={mayWrite}
          onRemove={({ id, title }) => remove(title, () => kind.remove(id))}
          onEdit={edit}
          onLike={({ value }) => setLike({ number: like.number + 1, given: givenOf(kind.fields, value) })}
        />
      )}
      {editing !== undefined && kind.change !== undefined && (
        <Edit
          key={editing.id}
          id={editing.id}
          title={editing.title}
          fields={kind.fields}
          change={kind.change}
          check={kind.check}
          onLeave={() => leave('Left as it was.')}
          onSaved={leave}
        />
      )}
      {mayWrite && (
        <div hidden={editing !== undefined}>
          <New kind={kind} hasSome={hasSome} like={like} onMade={load} />
        </div>
      )}
    </>
  );
}

function New({
  kind,
  hasSome,
  like,
  onMade,
}: {
  readonly kind: Kind;
  readonly hasSome: boolean;
  readonly like: Like;
  readonly onMade: () => Promise<void>;
}) {
  const send = async (given: Given): Promise<string> => {
    const body = bodyOf(kind.fields, given);
    const faults = await kind.check(body);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const told = await kind.create(body);
    void onMade();
    return told;
  };
  return (
    <>
      {hasSome && isLikeable(kind) && (
        <p class="muted">
          The API does not change {kind.name.toLowerCase()}. “Like it” takes the values of one over into the
          form; what was there stays until you delete it.
        </p>
      )}
      <ResourceForm
        key={like.number}
        title={`New ${kind.one}`}
        fields={kind.fields}
        given={like.given}
        verb="Create"
        send={send}
        takesFocus={like.number > 0}
      />
    </>
  );
}

const isLikeable = ({ change, isUnique }: Kind): boolean => change === undefined && isUnique !== true;

function Table({
  kind,
  entries,
  mayWrite,
  onRemove,
  onEdit,
  onLike,
}: {
  readonly kind: Kind;
  readonly entries: readonly Entry[];
  readonly mayWrite: boolean;
  readonly onRemove: (entry: Entry) => Promise<void>;
  readonly onEdit: (entry: Entry) => void;
  readonly onLike: (entry: Entry) => void;
}) {
  return (
    <table class="list kept">
      <thead>
        <tr>
          {kind.columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
          {mayWrite && (
            <th scope="col">
              <span class="sr">What can be done</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            {entry.cells.map((cell, index) => (
              <td key={kind.columns[index]}>{cell}</td>
            ))}
            {mayWrite && (
              <td class="actions">
                {kind.change !== undefined && (
                  <button type="button" aria-label={`Edit ${entry.title}`} onClick={() => onEdit(entry)}>
                    Edit
                  </button>
                )}
                {isLikeable(kind) && (
                  <button
                    type="button"
                    aria-label={`Like it: a new ${kind.one} with the values of ${entry.title}`}
                    onClick={() => onLike(entry)}
                  >
                    Like it
                  </button>
                )}
                <AskOnce label="Delete" what={entry.title} act={() => onRemove(entry)} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
