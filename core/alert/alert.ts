/** An alert: a question that is asked again and again, and what happens when its answer becomes another (REST notes, section 8). */

export interface Alert {
  readonly Name: string;
  readonly Description: string;
  /** Gremlin, or JavaScript when it is none. */
  readonly Expression: string;
  /** "", or the http(s) URL that is told. */
  readonly Action: string;
  /** "" or `graph`: when the graph changed; `duration:<Go duration>`: that often. */
  readonly Trigger: string;
  /** RFC 3339. */
  readonly CreateTime: string;
  readonly UUID: string;
}

/** What those who listen, and the action, are told. */
export interface Firing {
  readonly UUID: string;
  /** RFC 3339. */
  readonly Timestamp: string;
  readonly ReasonData: unknown;
}

/** In the reference's order, with every member: clients break on an alert that leaves one out. */
export function shownAlert({
  Name,
  Description,
  Expression,
  Action,
  Trigger,
  CreateTime,
  UUID,
}: Alert): Alert {
  return { Name, Description, Expression, Action, Trigger, CreateTime, UUID };
}
