/** Who changed what and who was refused, newest first, a page at a time. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AuditEntry } from '../../../core/api/operations.ts';
import { OBJECTS } from '../../../core/auth/policy.ts';
import { messageOf } from '../../../core/errors.ts';
import { ask } from '../../link/api.ts';
import { auditQuery, outcomeText, type AuditWanted } from '../../model/manage/audit.ts';
import { isKnown } from '../../state/session.ts';
import { fieldsOf } from '../form-fields.ts';

interface Shown {
  readonly wanted: AuditWanted;
  readonly entries: readonly AuditEntry[];
  /** Cursors of the pages that lead here, this one's last; "" is the newest. */
  readonly way: readonly string[];
  readonly next: string | null;
}

export function Audit() {
  const [shown, setShown] = useState<Shown | undefined>();
  const [problem, setProblem] = useState('');
  const asked = useRef(0);
  const show = async (wanted: AuditWanted, way: readonly string[]): Promise<void> => {
    const number = ++asked.current;
    try {
      const query = auditQuery(wanted, way.at(-1) ?? '');
      const { Entries: entries, Next: next } = await ask('GET /api/audit', { query });
      if (number !== asked.current) return;
      setShown({ wanted, entries, way, next });
      setProblem('');
    } catch (error) {
      if (number === asked.current) setProblem(messageOf(error));
    }
  };
  useEffect(() => void show({}, ['']), []);
  return (
    <>
      <Filter onWanted={(wanted) => void show(wanted, [''])} />
      <p role="alert" class="problem">
        {problem}
      </p>
      {shown !== undefined && (
        <>
          <Entries entries={shown.entries} />
          <p class="bar">
            <button
              type="button"
              aria-disabled={shown.way.length === 1}
              onClick={() => shown.way.length > 1 && void show(shown.wanted, shown.way.slice(0, -1))}
            >
              Newer
            </button>
            <button
              type="button"
              aria-disabled={shown.next === null}
              onClick={() => shown.next !== null && void show(shown.wanted, [...shown.way, shown.next])}
            >
              Older
            </button>
            <span class="muted" role="status">
              Page {shown.way.length}
              {shown.next === null ? ', the last' : ''}
            </span>
          </p>
        </>
      )}
    </>
  );
}

function Filter({ onWanted }: { readonly onWanted: (wanted: AuditWanted) => void }) {
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    onWanted(fieldsOf(event.currentTarget as HTMLFormElement));
  };
  return (
    <form class="line" aria-label="Which entries" onSubmit={send}>
      <label>
        Who
        <input name="user" spellcheck={false} placeholder="admin" />
      </label>
      <label>
        What
        <select name="object">
          <option value="">anything</option>
          {Object.keys(OBJECTS).map((object) => (
            <option key={object}>{object}</option>
          ))}
        </select>
      </label>
      <label>
        Since (time or how long ago)
        <input name="since" spellcheck={false} placeholder="24h" />
      </label>
      <label>
        Until
        <input name="until" spellcheck={false} placeholder="1h" />
      </label>
      <button type="submit">Show</button>
    </form>
  );
}

function Entries({ entries }: { readonly entries: readonly AuditEntry[] }) {
  if (entries.length === 0)
    return (
      <p class="muted">
        {isKnown.value
          ? 'Nothing of this kind was written in this time, as far as anybody may still know. Ask for less above.'
          : 'Nothing is recorded as long as nobody has to say who they are: turn authentication on for that.'}
      </p>
    );
  return (
    <table class="list kept audit">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">From where</th>
          <th scope="col">What</th>
          <th scope="col">How it ended</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.RequestId + entry.Time + entry.Path}>
            <td>{new Date(entry.Time).toLocaleString()}</td>
            <td>{entry.Name === '' ? 'nobody known' : `${entry.Name} (${entry.Kind})`}</td>
            <td>{entry.Address}</td>
            <td>
              {entry.Method} {entry.Path}
            </td>
            <td class={entry.Status >= 400 ? 'problem' : undefined}>{outcomeText(entry.Status)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
