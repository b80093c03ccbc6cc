/** Light, dark, or as the system has it; kept in this browser. */
import { effect, signal } from '@preact/signals';
import { readKept, writeKept } from './kept.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const NAME = 'theme';
const kept = readKept(NAME);
export const theme = signal<Theme>(THEMES.find((known) => known === kept) ?? 'auto');

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  writeKept(NAME, theme.value);
});
