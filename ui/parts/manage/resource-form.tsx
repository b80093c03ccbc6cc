/** A form for something that is kept: what is wrong with it, or what the analyzer refuses, is told, and nothing that was typed is lost. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../core/errors.ts';
import { Refused } from '../../link/api.ts';
import type { Fields, Given } from '../../model/manage/fields.ts';
import { fieldsAndFilesOf } from '../form-fields.ts';
import { Inputs } from './inputs.tsx';

export interface ResourceFormProps {
  /** Of the form, for those who do not see where it stands. */
  readonly title: string;
  readonly fields: Fields;
  /** What stands in it at first. */
  readonly given?: Given;
  /** On its button. */
  readonly verb: string;
  /** Gives what must be told of it. Throws an Error for people, a line for each thing that is wrong. */
  readonly send: (given: Given) => Promise<string>;
  /** Absent: there is nothing to leave, and what was sent makes room for the next. */
  readonly onLeave?: () => void;
  /** Whether the first field is gone to at once. */
  readonly takesFocus?: boolean;
}

export function ResourceForm({
  title,
  fields,
  given = {},
  verb,
  send,
  onLeave,
  takesFocus = false,
}: ResourceFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (takesFocus) form.current?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy || form.current === null) return;
    setBusy(true);
    setSaid('');
    try {
      const told = await send(await fieldsAndFilesOf(form.current));
      setProblems([]);
      setSaid(told);
      if (onLeave === undefined) form.current?.reset();
    } catch (error) {
      const hint = error instanceof Refused && error.hint !== '' ? [error.hint] : [];
      setProblems([...new Set([...messageOf(error).split('\n'), ...hint])]);
    }
    setBusy(false);
  };
  return (
    <form ref={form} class="line" aria-label={title} onSubmit={(event) => void submit(event)}>
      <Inputs fields={fields} given={given} />
      <button type="submit" aria-disabled={isBusy}>
        {verb}
      </button>
      {onLeave !== undefined && (
        <button type="button" onClick={onLeave}>
          Leave it as it is
        </button>
      )}
      <div role="alert">
        {problems.length > 0 && (
          <ul class="problem">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
      </div>
      <p role="status">{said}</p>
    </form>
  );
}
