/** Changes something that is kept. What somebody else changed meanwhile is told before anything of theirs is replaced. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../core/errors.ts';
import { Refused } from '../../link/api.ts';
import { changesOf, conflictsOf, rebased } from '../../model/manage/changes.ts';
import { bodyOf, givenOf, type Fields, type Given } from '../../model/manage/fields.ts';
import type { Kind } from './kind.ts';
import { ResourceForm } from './resource-form.tsx';

type Members = Readonly<Record<string, unknown>>;

interface EditProps {
  readonly id: string;
  readonly title: string;
  readonly fields: Fields;
  readonly change: NonNullable<Kind['change']>;
  /** What stands in the form for what is there, and the other way round. Throws an Error for people. */
  readonly toForm?: (value: Members) => Promise<Given>;
  readonly fromForm?: (given: Given) => Promise<Members>;
  readonly check: Kind['check'];
  readonly onSaved: (said: string) => void;
  readonly onLeave: () => void;
}

export function Edit({ id, title, fields, change, check, onSaved, onLeave, ...forms }: EditProps) {
  const { toForm = async (value: Members): Promise<Given> => givenOf(fields, value) } = forms;
  const { fromForm = async (given: Given): Promise<Members> => bodyOf(fields, given, true) } = forms;
  const [given, setGiven] = useState<Given | undefined>();
  const [problem, setProblem] = useState('');
  /** What the changes are compared with. */
  const before = useRef<Members>({});
  useEffect(() => {
    const fill = async (): Promise<void> => {
      const value = await change.get(id);
      before.current = value;
      setGiven(await toForm(value));
    };
    void fill().catch((error: unknown) => setProblem(messageOf(error)));
  }, []);
  const send = async (typed: Given): Promise<string> => {
    const after = await fromForm(typed);
    const faults = await check(after);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    if (changesOf(before.current, after).length === 0) return 'Nothing of it is changed.';
    try {
      await save(after);
    } catch (error) {
      throw isMissing(error)
        ? new Error('Somebody has deleted it meanwhile. What you wrote is still here.', { cause: error })
        : error;
    }
    onSaved(`${title} is changed.`);
    return '';
  };
  /** Throws an Error for people when somebody else changed the same to something else. */
  const save = async (after: Members): Promise<void> => {
    const patch = changesOf(before.current, after);
    if (patch.length === 0) return;
    try {
      await change.patch(id, patch);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'invalidPatch') throw error;
      const now = await change.get(id);
      const names = conflictsOf(before.current, now, after);
      const rest = rebased(before.current, now, after);
      const isElsewhere = changesOf(rest, after).length === patch.length;
      before.current = rest;
      if (names.length > 0) throw conflictOf(names, now);
      // Somebody else wrote the same: what is left of the changes goes.
      if (isElsewhere) throw error;
      await save(after);
    }
  };
  if (given === undefined)
    return (
      <p role={problem === '' ? 'status' : 'alert'} class={problem === '' ? 'muted' : 'problem'}>
        {problem === '' ? 'Asking how it is now …' : problem}
      </p>
    );
  return (
    <ResourceForm
      title={`Change ${title}`}
      fields={fields}
      given={given}
      verb="Save"
      send={send}
      onLeave={onLeave}
      takesFocus
    />
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value || 'empty' : JSON.stringify(value ?? null);
}

function conflictOf(names: readonly string[], now: Members): Error {
  const said = names.map((name) => `${name} is now: ${textOf(now[name])}`);
  const then = 'What you wrote is still here: save again to put it in the place of theirs.';
  return new Error(['Somebody else has changed it meanwhile.', ...said, then].join('\n'));
}

const isMissing = (error: unknown): boolean => error instanceof Refused && error.status === 404;
