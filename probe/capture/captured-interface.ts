/** What topology knows of an interface that can be captured. */
export interface CapturedInterface {
  /** null = the namespace of the probe. */
  readonly netnsPath: string | null;
  readonly name: string;
  readonly ifIndex: number;
  readonly tid: string;
  readonly encapType: string;
  /** Administratively. */
  readonly up: boolean;
}
