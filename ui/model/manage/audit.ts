/** What is asked of the audit trail, and how an entry ended in words. */

/** All of them may be empty. */
export interface AuditWanted {
  readonly user?: string;
  readonly object?: string;
  /** RFC 3339, or a Go duration before now. */
  readonly since?: string;
  readonly until?: string;
}

const PAGE_ENTRIES = '50';

/** `after`: what the page before said; "" for the newest. */
export function auditQuery(
  wanted: AuditWanted,
  after: string,
): AuditWanted & { readonly limit: string; readonly after?: string } {
  const given = Object.entries({ ...wanted, after }).filter(([, text]) => text !== undefined && text !== '');
  return { ...Object.fromEntries(given), limit: PAGE_ENTRIES };
}

export function outcomeText(status: number): string {
  if (status === 0) return 'not known yet';
  if (status < 400) return 'done';
  return status === 401 || status === 403 ? `refused (${status})` : `failed (${status})`;
}
