/** Who are you? A token, as the first start prints it, or a name with a password. */
import { useState } from 'preact/hooks';
import { fieldsOf } from './form-fields.ts';
import { signIn } from '../state/session.ts';
import { messageOf } from '../../core/errors.ts';

export function SignIn() {
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const { token = '', user = '', password = '' } = fieldsOf(event.currentTarget as HTMLFormElement);
    if (token === '' && (user === '' || password === '')) {
      setProblem('Give a token, or a name and its password.');
      return;
    }
    setBusy(true);
    try {
      await signIn(token === '' ? { user, password } : { token });
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <h1>Sign in to Edgedive</h1>
      <form onSubmit={(event) => void send(event)}>
        <label>
          Token <input name="token" type="password" autocomplete="off" />
        </label>
        <p class="muted">
          The administrator's was printed at the first start and is kept in <code>admin-token</code> of the
          state folder; <code>npx edgedive token create</code> makes others.
        </p>
        <p class="or">or</p>
        <label>
          Name <input name="user" autocomplete="username" />
        </label>
        <label>
          Password <input name="password" type="password" autocomplete="current-password" />
        </label>
        <p role="alert" class="problem">
          {problem}
        </p>
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
