/** A query put together from lists and fields, for those who do not speak Gremlin; what it writes stands in the box, to be read and changed. */
import { useState } from 'preact/hooks';
import {
  CONDITIONS,
  gremlinOf,
  THINGS,
  YIELDS,
  type Asked,
  type Condition,
  type FormQuery,
  type Thing,
  type Yield,
} from '../model/query-form.ts';
import { queryText } from '../state/view.ts';

const NOTHING_ASKED: Asked = { key: '', condition: 'is', value: '' };
const CONDITIONS_MAX = 5;
const EMPTY: FormQuery = {
  thing: 'nodes',
  asked: [NOTHING_ASKED],
  yields: 'all',
  key: '',
  ago: '',
  limit: 0,
};

export function QueryForm() {
  const [form, setForm] = useState(EMPTY);
  const set = (change: Partial<FormQuery>): void => {
    const next = { ...form, ...change };
    setForm(next);
    queryText.value = gremlinOf(next);
  };
  const setAsked = (index: number, change: Partial<Asked>): void =>
    set({ asked: form.asked.map((one, at) => (at === index ? { ...one, ...change } : one)) });
  return (
    <details class="query-form">
      <summary>Without Gremlin</summary>
      <div class="bar" role="group" aria-label="A query without Gremlin">
        <Choice
          label="Find"
          choices={YIELDS}
          value={form.yields}
          onChoice={(yields: Yield) => set({ yields })}
        />
        {form.yields === 'values' && (
          <label>
            key{' '}
            <input
              value={form.key}
              placeholder="Name"
              onInput={({ currentTarget }) => set({ key: currentTarget.value })}
            />
          </label>
        )}
        <Choice label="of" choices={THINGS} value={form.thing} onChoice={(thing: Thing) => set({ thing })} />
        <label>
          as long ago as{' '}
          <input
            value={form.ago}
            placeholder="now, or 5m"
            size={8}
            onInput={({ currentTarget }) => set({ ago: currentTarget.value })}
          />
        </label>
        <label>
          at most{' '}
          <input
            type="number"
            min="0"
            value={form.limit === 0 ? '' : form.limit}
            onInput={({ currentTarget }) =>
              set({ limit: Math.max(0, Math.trunc(Number(currentTarget.value))) })
            }
          />
        </label>
      </div>
      {form.asked.map((one, index) => (
        <AskedOf
          key={index}
          name={`Condition ${index + 1}`}
          keyExample={form.thing === 'flows' ? 'Network.A' : 'Name'}
          one={one}
          set={(change) => setAsked(index, change)}
        />
      ))}
      <button
        type="button"
        disabled={form.asked.length === CONDITIONS_MAX}
        onClick={() => set({ asked: [...form.asked, NOTHING_ASKED] })}
      >
        One more condition
      </button>
    </details>
  );
}

/** A key, and what is asked of its value. */
function AskedOf({
  name,
  keyExample,
  one,
  set,
}: {
  readonly name: string;
  readonly keyExample: string;
  readonly one: Asked;
  readonly set: (change: Partial<Asked>) => void;
}) {
  return (
    <div class="bar" role="group" aria-label={name}>
      <label>
        whose{' '}
        <input
          value={one.key}
          placeholder={keyExample}
          onInput={({ currentTarget }) => set({ key: currentTarget.value })}
        />
      </label>
      <Choice
        label="condition"
        choices={CONDITIONS}
        value={one.condition}
        onChoice={(condition: Condition) => set({ condition })}
      />
      {one.condition !== 'exists' && (
        <label>
          value{' '}
          <input value={one.value} onInput={({ currentTarget }) => set({ value: currentTarget.value })} />
        </label>
      )}
    </div>
  );
}

function Choice<Name extends string>({
  label,
  choices,
  value,
  onChoice,
}: {
  readonly label: string;
  readonly choices: Readonly<Record<Name, string>>;
  readonly value: Name;
  readonly onChoice: (name: Name) => void;
}) {
  return (
    <label>
      {label}{' '}
      <select value={value} onChange={({ currentTarget }) => onChoice(currentTarget.value as Name)}>
        {Object.entries<string>(choices).map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}
