/** Injections, alerts, rules, tokens, workflows and the audit trail: one of them at a time. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { may } from '../state/session.ts';
import { alerts } from './manage/alerts.tsx';
import { Audit } from './manage/audit.tsx';
import { injections } from './manage/injections.tsx';
import { List } from './manage/list.tsx';
import { edgeRules, nodeRules } from './manage/rules.tsx';
import { tokens } from './manage/tokens.tsx';
import { Workflows } from './manage/workflows.tsx';

interface Section {
  readonly name: string;
  /** The object of its permissions. */
  readonly object: string;
  readonly show: () => ComponentChildren;
}

const SECTIONS: readonly Section[] = [
  ...[injections, alerts, nodeRules, edgeRules, tokens].map((kind) => ({
    name: kind.name,
    object: kind.object,
    show: () => <List key={kind.name} kind={kind} />,
  })),
  { name: 'Workflows', object: 'workflow', show: () => <Workflows /> },
  { name: 'Audit trail', object: 'audit', show: () => <Audit /> },
];

export default function Manage() {
  const sections = SECTIONS.filter(({ object }) => may(object, 'read'));
  const [name, setName] = useState(sections[0]?.name ?? '');
  const section = sections.find((one) => one.name === name);
  if (section === undefined) return <p class="muted">There is nothing here that you may see.</p>;
  return (
    <div class="panel-body scroll" tabIndex={0} role="group" aria-label="Manage">
      <div class="bar">
        <label>
          Show{' '}
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {sections.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {section.show()}
    </div>
  );
}
