/** The page: begins here, shows who must sign in first, and then the network. */
import { render } from 'preact';
import './page.css';
import { Header } from './parts/header.tsx';
import { Network } from './parts/network.tsx';
import { SignIn } from './parts/sign-in.tsx';
import { askWho, session } from './state/session.ts';
import './state/theme.ts';

function Page() {
  const now = session.value;
  return (
    <>
      <Header />
      {now.kind === 'asking' && <main class="notice">Asking the analyzer …</main>}
      {now.kind === 'away' && (
        <main class="notice">
          <p role="alert">{now.reason}</p>
          <p>The page goes on by itself when it does.</p>
        </main>
      )}
      {now.kind === 'signedOut' && <SignIn />}
      {now.kind === 'in' && <Network />}
    </>
  );
}

render(<Page />, document.querySelector('#page')!);
void askWho();
