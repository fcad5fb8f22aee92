/** Runs SQL as the database's owner, outside any tenant; rows as pg gives them. */
export type Query = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
