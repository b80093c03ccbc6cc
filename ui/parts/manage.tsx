/** Injections, alerts, rules and tokens: a list of each, a form that is checked by the API's own rules before it is sent. */
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import { may } from '../state/session.ts';
import { fieldsOf } from './form-fields.ts';
import { KINDS, type Entry, type Field, type Kind } from './kinds.ts';

/** An injection is on its way while one looks. */
const AGAIN_MS = 2_000;

export default function Manage() {
  const kinds = KINDS.filter(({ object }) => may(object, 'read'));
  const [name, setName] = useState(kinds[0]?.name ?? '');
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) return <p class="muted">There is nothing here that you may see.</p>;
  return (
    <div class="panel-body scroll" tabIndex={0} role="group" aria-label="Manage">
      <div class="bar">
        <label>
          Show{' '}
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {kinds.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <List key={kind.name} kind={kind} />
    </div>
  );
}

function List({ kind }: { readonly kind: Kind }) {
  const [entries, setEntries] = useState<readonly Entry[] | undefined>();
  const [problem, setProblem] = useState('');
  const load = async (): Promise<void> => {
    try {
      setEntries(await kind.list());
      setProblem('');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const remove = async (id: string): Promise<void> => {
    try {
      await kind.remove(id);
      await load();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const mayWrite = may(kind.object, 'write');
  return (
    <>
      <p role="alert" class="problem">
        {problem}
      </p>
      {entries?.length === 0 && <p class="muted">None yet.</p>}
      {entries !== undefined && entries.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              {kind.columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
              <th scope="col">
                <span class="sr">Delete it</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ id, cells }) => (
              <tr key={id}>
                {cells.map((cell, index) => (
                  <td key={kind.columns[index]}>{cell}</td>
                ))}
                <td>
                  {mayWrite && (
                    <button
                      type="button"
                      aria-label={`Delete ${cells[0] || id}`}
                      onClick={() => void remove(id)}
                    >
                      Delete
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {mayWrite && <New kind={kind} onMade={load} />}
    </>
  );
}

/** Throws an Error for people when a field cannot be read. */
function bodyOf(fields: readonly Field[], given: Readonly<Record<string, string>>): object {
  const body: Record<string, unknown> = {};
  for (const { name, label, as } of fields) {
    const text = given[name] ?? '';
    if (text === '') continue;
    if (as === 'number') body[name] = Number(text);
    else if (as === 'list') body[name] = text.split(',').map((word) => word.trim());
    else if (as === 'json') {
      try {
        body[name] = JSON.parse(text);
      } catch (error) {
        throw new Error(`${label}: ${messageOf(error)}`, { cause: error });
      }
    } else body[name] = text;
  }
  return body;
}

function New({ kind, onMade }: { readonly kind: Kind; readonly onMade: () => Promise<void> }) {
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    try {
      const body = bodyOf(kind.fields, fieldsOf(form));
      const faults = await kind.check(body);
      setProblems(faults);
      if (faults.length > 0) return;
      setSaid(await kind.create(body));
      form.reset();
      await onMade();
    } catch (error) {
      setProblems(messageOf(error).split('\n'));
    }
  };
  return (
    <form class="line" aria-label={`New: ${kind.name}`} onSubmit={(event) => void send(event)}>
      {kind.fields.map((field) => (
        <label key={field.name}>
          {field.label}
          <Input field={field} />
        </label>
      ))}
      <button type="submit">Create</button>
      <ul role="alert" class="problem">
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
      <p role="status">{said}</p>
    </form>
  );
}

function Input({
  field: { name, choices, as, example = '', isRequired = false },
}: {
  readonly field: Field;
}) {
  if (as === 'number') return <input name={name} type="number" min="0" placeholder={example} />;
  if (choices === undefined)
    return <input name={name} spellcheck={false} placeholder={example} required={isRequired} />;
  return (
    <select name={name}>
      {choices.map((choice) => (
        <option key={choice}>{choice}</option>
      ))}
    </select>
  );
}
