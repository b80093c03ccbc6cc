/** Saved views: links to what one looked at, kept by the analyzer for whoever is signed in. */
import { useState } from 'preact/hooks';
import type { View } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { readView } from '../../core/view/view.ts';
import { ask } from '../link/api.ts';
import { may } from '../state/session.ts';
import { fieldsOf } from './form-fields.ts';

export function Views() {
  const [views, setViews] = useState<readonly View[]>([]);
  const [problem, setProblem] = useState('');
  if (!may('view', 'read')) return null;
  /** What goes wrong is said in the menu. */
  const attempt = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      setViews(Object.values(await ask('GET /api/view', {})));
      setProblem('');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    void attempt(async () => {
      const read = readView({ Name: fieldsOf(form)['Name'], Link: location.hash || '#' });
      if ('errors' in read) throw new Error(read.errors.join(' '));
      await ask('POST /api/view', { body: read.view });
      form.reset();
    });
  };
  return (
    <details
      class="menu"
      onToggle={({ currentTarget }) => currentTarget.open && void attempt(async () => {})}
    >
      <summary>Views</summary>
      <div class="menu-body">
        {views.length === 0 && <p class="muted">None yet. A view is what you look at now.</p>}
        <ul>
          {views.map(({ Name: name, Link: link }) => (
            <li key={name}>
              <a href={link}>{name}</a>
              <button
                type="button"
                aria-label={`Forget ${name}`}
                onClick={() => void attempt(() => ask('DELETE /api/view/{id}', { params: { id: name } }))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        {may('view', 'write') && (
          <form class="line" onSubmit={save}>
            <label>
              Keep this one as
              <input name="Name" required />
            </label>
            <button type="submit">Keep</button>
          </form>
        )}
        <p role="alert" class="problem">
          {problem}
        </p>
      </div>
    </details>
  );
}
