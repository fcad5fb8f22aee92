/** A column of a `DataTable`: its key names the slot of its cells. */
export interface Column {
  readonly key: string;
  readonly label: string;
  readonly width?: string;
  readonly align?: "end";
  /** Named for screen readers only: columns of buttons. */
  readonly quiet?: boolean;
}
