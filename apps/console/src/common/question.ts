/** What somebody is asked before something happens. */
export interface Question {
  readonly title: string;
  readonly sentence: string;
  /** What the button says that goes on. */
  readonly action: string;
  readonly cancel?: string;
  readonly isDangerous?: boolean;
}
