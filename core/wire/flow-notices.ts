/** What the flow stream tells beside flows; apart from them, so that clients read it without the rest of the wire format. */

/** The Type of the message, in namespace `flow`, that tells a subscriber what it missed. Not in the reference. */
export const LOST_TYPE = 'lost';

/** The Type of the message, in namespace `flow`, that tells who asks for it where in the stream it is. Not in the reference. */
export const POSITION_TYPE = 'position';

/** What a subscriber missed: flow updates (null: nobody knows how many), since when and until when (ms since 1970). */
export interface Lost {
  readonly Flows: number | null;
  readonly From: number;
  readonly To: number;
}
