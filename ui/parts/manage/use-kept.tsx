/** Everything of a kind that is kept, as it is listed: asked for again while one looks, one of it being changed, and what became of deleting it. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { messageOf } from '../../../core/errors.ts';
import { useList, type Listed } from './use-list.ts';
import { useSaid } from './use-said.tsx';

export interface Kept<One> extends Pick<Listed<One>, 'entries' | 'load'> {
  readonly editing: One | undefined;
  readonly edit: (one: One) => void;
  /** Ends the change, and says how. */
  readonly leave: (text: string) => void;
  /** `title`: for people. What is refused is told. */
  readonly remove: (title: string, act: () => Promise<unknown>) => Promise<void>;
  /** What is wrong, and what was said last. */
  readonly notices: ComponentChildren;
}

export function useKept<One>(list: () => Promise<readonly One[]>): Kept<One> {
  const { entries, problem, load } = useList(list);
  const [editing, setEditing] = useState<One | undefined>();
  const [refusal, setRefusal] = useState('');
  const { say, saying } = useSaid();
  const remove = async (title: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      setRefusal('');
      say(`Deleted: ${title}`);
    } catch (error) {
      setRefusal(`${title} is not deleted: ${messageOf(error)}`);
    }
    await load();
  };
  const leave = (text: string): void => {
    setEditing(undefined);
    say(text);
    void load();
  };
  const notices = (
    <>
      <p role="alert" class="problem">
        {[problem, refusal].filter((text) => text !== '').join(' ')}
      </p>
      {saying}
    </>
  );
  return { entries, load, editing, edit: (one) => setEditing(() => one), leave, remove, notices };
}
