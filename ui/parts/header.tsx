/** The line at the top: whether what is shown is live, who is there, light or dark. */
import { connection } from '../state/live.ts';
import { isKnown, session, signOut } from '../state/session.ts';
import { Views } from './views.tsx';
import { theme, THEMES, type Theme } from '../state/theme.ts';

const NAMES: Readonly<Record<Theme, string>> = { auto: 'as the system', light: 'light', dark: 'dark' };

export function Header() {
  const now = session.value;
  return (
    <header class="top">
      <h1>Edgedive</h1>
      {now.kind === 'in' && (
        <p class={`connection ${connection.value.kind}`} role="status">
          <span class="dot" aria-hidden="true" />
          {connection.value.text}
        </p>
      )}
      <span class="space" />
      {now.kind === 'in' && <Views />}
      <a href="/docs">API</a>
      <label>
        Colours{' '}
        <select
          value={theme.value}
          onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {NAMES[name]}
            </option>
          ))}
        </select>
      </label>
      {now.kind === 'in' && isKnown.value && (
        <>
          <span class="who">{now.who.Name}</span>
          <button type="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      )}
    </header>
  );
}
