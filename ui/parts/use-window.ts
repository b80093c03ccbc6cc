/** Long lists of rows of one height: only those that can be seen are in the document, and a few around them. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

const OVERSCAN = 8;
/** Drawn before the height is known. */
const ROWS_AT_FIRST = 40;

export interface Window<E extends HTMLElement> {
  readonly ref: RefObject<E | null>;
  /** Rows from (inclusive) and to (exclusive). */
  readonly from: number;
  readonly to: number;
  /** Brings a row into sight. */
  readonly show: (index: number) => void;
}

/** `rowPx`: as the style has it. `ref` goes to the element that scrolls. */
export function useWindow<E extends HTMLElement>(count: number, rowPx: number): Window<E> {
  const ref = useRef<E>(null);
  const [{ top, height }, setPlace] = useState({ top: 0, height: ROWS_AT_FIRST * rowPx });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const look = (): void => setPlace({ top: element.scrollTop, height: element.clientHeight });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const first = Math.max(0, Math.floor(top / rowPx) - OVERSCAN);
  const from = Math.min(first, Math.max(0, count - 1));
  const to = Math.min(count, Math.ceil((top + height) / rowPx) + OVERSCAN);
  const show = (index: number): void => {
    const element = ref.current;
    if (element === null) return;
    const [above, below] = [index * rowPx, (index + 1) * rowPx];
    if (above < element.scrollTop) element.scrollTop = above;
    else if (below > element.scrollTop + element.clientHeight)
      element.scrollTop = below - element.clientHeight;
  };
  return { ref, from, to, show };
}
