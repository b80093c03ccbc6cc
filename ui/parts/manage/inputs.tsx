/** The inputs of a form, the less common ones below "More". */
import { bitName, type Field, type Fields, type Given } from '../../model/manage/fields.ts';

export function Inputs({ fields, given }: { readonly fields: Fields; readonly given: Given }) {
  const all = Object.entries(fields);
  const more = all.filter(([, { isMore }]) => isMore === true);
  return (
    <>
      {all
        .filter(([, { isMore }]) => isMore !== true)
        .map(([name, field]) => (
          <Labelled key={name} name={name} field={field} given={given} />
        ))}
      {more.length > 0 && (
        <details class="more">
          <summary>More</summary>
          <div class="line">
            {more.map(([name, field]) => (
              <Labelled key={name} name={name} field={field} given={given} />
            ))}
          </div>
        </details>
      )}
    </>
  );
}

interface InputProps {
  readonly name: string;
  readonly field: Field;
  readonly given: Given;
}

function Labelled({ name, field, given }: InputProps) {
  const { label, as, bits = {} } = field;
  if (as === 'bits')
    return (
      <fieldset>
        <legend>{label}</legend>
        {Object.entries(bits).map(([word, bit]) => (
          <Box key={word} name={bitName(name, bit)} label={word} given={given} />
        ))}
      </fieldset>
    );
  if (as === 'switch') return <Box name={name} label={label} given={given} />;
  return (
    <label class={field.isWide === true || field.lines !== undefined ? 'wide' : undefined}>
      {label}
      <Input name={name} field={field} given={given} />
    </label>
  );
}

function Box({
  name,
  label,
  given,
}: {
  readonly name: string;
  readonly label: string;
  readonly given: Given;
}) {
  return (
    <label class="box-label">
      <span>
        <input type="checkbox" name={name} defaultChecked={given[name] !== undefined} /> {label}
      </span>
    </label>
  );
}

function Input({
  name,
  field: { choices, as, example = '', isRequired = false, lines, preset = '' },
  given,
}: InputProps) {
  const text = given[name] ?? preset;
  if (choices !== undefined)
    return (
      <select name={name}>
        {choices.map((choice) => (
          <option key={choice} value={choice} selected={choice === text}>
            {choice === '' ? 'as usual' : choice}
          </option>
        ))}
      </select>
    );
  if (as === 'file') return <input name={name} type="file" />;
  if (lines !== undefined)
    return (
      <textarea
        name={name}
        rows={lines}
        spellcheck={false}
        placeholder={example}
        required={isRequired}
        defaultValue={text}
      />
    );
  const common = { name, placeholder: example, required: isRequired, defaultValue: text };
  return as === 'number' ? (
    <input {...common} type="number" min="0" step="1" />
  ) : (
    <input {...common} spellcheck={false} />
  );
}
