/** A list that is asked for again while one looks: an injection is on its way, an alert fires, somebody else writes. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../core/errors.ts';

const AGAIN_MS = 2_000;

export interface Listed<One> {
  /** Undefined until the first answer. */
  readonly entries: readonly One[] | undefined;
  /** "" while the newest attempt went well; what was known before stays. */
  readonly problem: string;
  readonly load: () => Promise<void>;
}

export function useList<One>(list: () => Promise<readonly One[]>): Listed<One> {
  const [entries, setEntries] = useState<readonly One[] | undefined>();
  const [problem, setProblem] = useState('');
  const asked = useRef(0);
  /** The newest question that was answered: what was asked before it says nothing new. */
  const answered = useRef(0);
  const isNew = (number: number): boolean => {
    if (number < answered.current) return false;
    answered.current = number;
    return true;
  };
  const load = async (): Promise<void> => {
    const number = ++asked.current;
    try {
      const answer = await list();
      if (!isNew(number)) return;
      setEntries(answer);
      setProblem('');
    } catch (error) {
      if (isNew(number)) setProblem(messageOf(error));
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return { entries, problem, load };
}
