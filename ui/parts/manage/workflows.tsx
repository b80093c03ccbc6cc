/** Scripts that the analyzer keeps and runs: what each does, its source, a form to run it, and a text for one more. */
import { useState } from 'preact/hooks';
import type { Workflow } from '../../../core/api/operations.ts';
import { bundledById } from '../../../core/workflow/bundled.ts';
import { ask } from '../../link/api.ts';
import type { Fields, Given } from '../../model/manage/fields.ts';
import { may } from '../../state/session.ts';
import { AskOnce } from '../ask-once.tsx';
import { Edit } from './edit.tsx';
import type { Kind } from './kind.ts';
import { ResourceForm } from './resource-form.tsx';
import { useKept } from './use-kept.tsx';
import { WorkflowDetails } from './workflow-details.tsx';

const NEW_FIELDS: Fields = {
  name: { label: 'Name, if the text has none' },
  text: {
    label: 'YAML or JSON with Name, Parameters and Source; or a function in JavaScript',
    example: "async function (type) {\n  return (await G.V().Has('Type', type)).length;\n}",
    lines: 8,
    isRequired: true,
  },
};
const TEXT_FIELDS: Fields = {
  text: { label: 'The workflow (YAML)', lines: 16, isRequired: true },
};

/** With the reader of YAML, which nothing else here needs. */
const readerOfTexts = () => import('../../model/manage/workflow-text.ts');

async function create({ name = '', text = '' }: Given): Promise<string> {
  const { readWorkflowText } = await readerOfTexts();
  const made = await ask('POST /api/workflow', { body: readWorkflowText(text, name) });
  return `${made.Name} is kept.`;
}

const change: NonNullable<Kind['change']> = {
  get: async (id) => ask('GET /api/workflow/{id}', { params: { id } }),
  patch: (id, body) => ask('PATCH /api/workflow/{id}', { params: { id }, body }),
};

const toForm = async (value: object): Promise<Given> => ({
  text: (await readerOfTexts()).workflowText(value as Workflow),
});

export function Workflows() {
  const { entries, load, editing, edit, leave, remove, notices } = useKept(async () =>
    Object.values(await ask('GET /api/workflow', {})),
  );
  const [openId, setOpenId] = useState('');
  const open = entries?.find(({ UUID }) => UUID === openId);
  return (
    <>
      {notices}
      <Table
        entries={entries ?? []}
        openId={openId}
        onOpen={(id) => setOpenId(id === openId ? '' : id)}
        onEdit={edit}
        onRemove={({ UUID: id, Name }) =>
          remove(Name, () => ask('DELETE /api/workflow/{id}', { params: { id } }))
        }
      />
      {open !== undefined && <WorkflowDetails key={open.UUID} workflow={open} />}
      {editing !== undefined && (
        <Edit
          key={editing.UUID}
          id={editing.UUID}
          title={editing.Name}
          fields={TEXT_FIELDS}
          change={change}
          toForm={toForm}
          fromForm={async ({ text = '' }) => ({
            ...(await readerOfTexts()).readWorkflowText(text, editing.Name),
          })}
          check={async () => []}
          onLeave={() => leave('Left as it was.')}
          onSaved={leave}
        />
      )}
      {may('workflow', 'write') && (
        <div hidden={editing !== undefined}>
          <ResourceForm
            title="New workflow"
            fields={NEW_FIELDS}
            verb="Keep"
            send={async (given) => {
              const told = await create(given);
              void load();
              return told;
            }}
          />
        </div>
      )}
    </>
  );
}

interface TableProps {
  readonly entries: readonly Workflow[];
  readonly openId: string;
  readonly onOpen: (id: string) => void;
  readonly onEdit: (one: Workflow) => void;
  readonly onRemove: (one: Workflow) => Promise<void>;
}

function Table({ entries, ...acts }: TableProps) {
  return (
    <table class="list kept">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">What it does</th>
          <th scope="col">Parameters</th>
          <th scope="col">
            <span class="sr">What can be done</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map((one) => (
          <Row key={one.UUID} one={one} {...acts} />
        ))}
      </tbody>
    </table>
  );
}

/** Those that every analyzer has stay as they are. */
function Row({
  one,
  openId,
  onOpen,
  onEdit,
  onRemove,
}: Omit<TableProps, 'entries'> & { readonly one: Workflow }) {
  const { UUID, Name, Title, Abstract, Description, Parameters } = one;
  return (
    <tr>
      <td>{Name}</td>
      <td>{Title || Abstract || Description.split('\n')[0]}</td>
      <td>{(Parameters ?? []).map((param) => param.Name).join(', ')}</td>
      <td class="actions">
        <button
          type="button"
          aria-expanded={UUID === openId}
          aria-label={`Open ${Name}`}
          onClick={() => onOpen(UUID)}
        >
          Open
        </button>
        {may('workflow', 'write') && !bundledById.has(UUID) && (
          <>
            <button type="button" aria-label={`Edit ${Name}`} onClick={() => onEdit(one)}>
              Edit
            </button>
            <AskOnce label="Delete" what={Name} act={() => onRemove(one)} />
          </>
        )}
      </td>
    </tr>
  );
}
