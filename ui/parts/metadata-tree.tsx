/** Metadata as a tree that opens and closes. The browser's own `details` does the work, with its keyboard. */

const ENTRIES_MAX = 200;

export function MetadataTree({ value }: { readonly value: unknown }) {
  const entries = entriesOf(value);
  return (
    <ul class="metadata">
      {entries.slice(0, ENTRIES_MAX).map(([name, inner]) => (
        <li key={name}>
          <Entry name={name} value={inner} />
        </li>
      ))}
      {entries.length > ENTRIES_MAX && <li class="muted">and {entries.length - ENTRIES_MAX} more</li>}
    </ul>
  );
}

function Entry({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (typeof value !== 'object' || value === null)
    return (
      <>
        <span class="key">{name}</span> <span class="value">{String(value)}</span>
      </>
    );
  const size = entriesOf(value).length;
  if (size === 0) return <span class="key">{name}</span>;
  if (isPlainList(value))
    return (
      <>
        <span class="key">{name}</span> <span class="value">{value.join(', ')}</span>
      </>
    );
  return (
    <details>
      <summary>
        <span class="key">{name}</span> <span class="muted">{size}</span>
      </summary>
      <MetadataTree value={value} />
    </details>
  );
}

function isPlainList(value: object): value is readonly unknown[] {
  return Array.isArray(value) && value.every((entry) => typeof entry !== 'object' || entry === null);
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
