import pg from "pg";
import { isStalePlan } from "./sql-state.ts";

/** One of the kit's own statements, prepared once for each connection under its name. */
export interface Step {
  readonly name: string;
  readonly text: string;
  readonly values: readonly (string | null)[];
}
/** Any other statement; parsed each time, or prepared like a step if it has a name. */
export interface Statement {
  readonly name?: string | undefined;
  /** Prepared under its name, but planned each time: of whoever runs it in a scope that says so (`scope.ts`). */
  readonly replans?: boolean;
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface PipelineOptions {
  /** False behind a pooler, whose connections don't keep what was prepared on them. */
  readonly prepares: boolean;
  /** Told how many of the steps were done when something failed. */
  onFailure?(stepsDone: number): void;
}

/** The parts of pg's connection that a query writes to (pg 8.23, lib/connection.js). */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  close(message: { type: "S"; name: string }): void;
  parse(message: { text: string; name: string }): void;
  bind(message: { values: readonly unknown[]; statement: string; valueMapper?: (value: unknown) => unknown }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(message: { portal: string }): void;
  sync(): void;
}
interface WireMessage {
  readonly fields: unknown;
}
/** What pg makes of an answer (pg 8.23, lib/result.js). */
interface Result extends pg.QueryResult {
  _parsers: unknown;
  _prebuiltEmptyResultObject: unknown;
  addFields(fields: unknown): void;
  parseRow(fields: unknown): pg.QueryResultRow;
  addRow(row: pg.QueryResultRow): void;
  addCommandComplete(message: WireMessage): void;
}
type Columns = Pick<Result, "fields" | "_parsers" | "_prebuiltEmptyResultObject">;
type QueryCallback = (error: Error | null, result?: pg.QueryResult) => void;
const { Result, utils } = pg as unknown as {
  readonly Result: new () => Result;
  readonly utils: { prepareValue(value: unknown): unknown };
};

/** As many statements are kept prepared on each connection; what was used least recently is closed first. */
const mostPrepared = 250;
interface Prepared {
  /** The columns that it returns, once they were told. */
  columns?: Columns;
  /** It must be prepared anew: it wasn't, when something failed, or a migration has changed what it returns. */
  isStale: boolean;
}
/** What each connection has prepared, by its name. */
const prepared = new WeakMap<Wire, Map<string, Prepared>>();

function preparedOn(connection: Wire): Map<string, Prepared> {
  let names = prepared.get(connection);
  if (names === undefined) prepared.set(connection, (names = new Map()));
  return names;
}

/**
 * Steps and a statement in one round trip, under one Sync: PostgreSQL leaves out what follows a failure, so that the
 * statement runs only if all steps before it were done. Always by the extended protocol: the simple one takes several
 * statements in one text.
 */
class Pipeline implements pg.Submittable {
  /** How many statements it sends: for measurements. */
  readonly statements: number;
  /** For the log of slow queries, as is `callback`. */
  readonly text: string;
  callback: QueryCallback;
  readonly #steps: readonly Step[];
  readonly #last: Step | Statement;
  readonly #values: readonly unknown[];
  readonly #options: PipelineOptions;
  readonly #result = new Result();
  /** What this one prepares; known to be there only when it has succeeded. */
  #preparing: Prepared[] | undefined;
  #done = 0;
  /** A value that can't be read, such as a bigint too large. */
  #unreadable: Error | undefined;

  /** @throws whatever a value throws that can't be sent, before anything is */
  constructor(steps: readonly Step[], last: Step | Statement, options: PipelineOptions, callback: QueryCallback) {
    this.#steps = steps;
    this.#last = last;
    this.#values = last.values.map(utils.prepareValue);
    this.#options = options;
    this.text = last.text;
    this.statements = steps.length + 1;
    this.callback = callback;
  }

  submit(pgConnection: pg.Connection): void {
    const connection = pgConnection as unknown as Wire;
    connection.stream.cork();
    try {
      for (const step of this.#steps) {
        this.#bind(connection, step.name, step.text, step.values);
        connection.execute({ portal: "" });
      }
      const { name, text } = this.#last;
      this.#bind(connection, name, text, this.#values);
      // Columns that are known needn't be told again: had they changed, PostgreSQL would refuse to run it.
      if (!this.#readColumns(connection)) connection.describe({ type: "P", name: "" });
      connection.execute({ portal: "" });
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  handleRowDescription({ fields }: WireMessage): void {
    this.#result.addFields(fields);
  }

  handleDataRow({ fields }: WireMessage): void {
    if (this.#done < this.#steps.length || this.#unreadable !== undefined) return;
    try {
      this.#result.addRow(this.#result.parseRow(fields));
    } catch (error) {
      this.#unreadable = error instanceof Error ? error : new Error(String(error));
    }
  }

  handleCommandComplete(message: WireMessage, connection: Wire): void {
    if (this.#done < this.#steps.length) {
      this.#done += 1;
      return;
    }
    this.#result.addCommandComplete(message);
    const last = this.#prepared(connection);
    if (last === undefined || last.columns !== undefined) return;
    // Not the result itself: its rows would be kept as long as the connection.
    const { fields, _parsers, _prebuiltEmptyResultObject } = this.#result;
    last.columns = { fields, _parsers, _prebuiltEmptyResultObject };
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleError(error: Error, connection: Wire): void {
    for (const each of this.#preparing ?? []) each.isStale = true;
    const last = isStalePlan(error) ? this.#prepared(connection) : undefined;
    if (last !== undefined) last.isStale = true;
    this.#options.onFailure?.(this.#done);
    this.callback(this.#unreadable ?? error);
  }

  handleReadyForQuery(): void {
    if (this.#unreadable === undefined) this.callback(null, this.#result);
    else this.callback(this.#unreadable);
  }

  handleCopyInResponse(connection: Wire & { sendCopyFail(why: string): void }): void {
    connection.sendCopyFail("a statement of rows takes no stream");
  }
  handleCopyData(): void {}

  /** The last statement, where it is one that is kept. */
  #prepared(connection: Wire): Prepared | undefined {
    const { name } = this.#last;
    return name === undefined || !this.#options.prepares ? undefined : prepared.get(connection)?.get(name);
  }

  /** Whether they are known. */
  #readColumns(connection: Wire): boolean {
    const known = this.#prepared(connection)?.columns;
    if (known === undefined) return false;
    Object.assign(this.#result, known);
    return true;
  }

  #bind(connection: Wire, name: string | undefined, text: string, values: readonly unknown[]): void {
    if (name === undefined || !this.#options.prepares) {
      connection.parse({ text, name: "" });
      return connection.bind({ values, statement: "" });
    }
    const names = preparedOn(connection);
    const known = names.get(name);
    // Anew: the map's order is that of the last uses.
    names.delete(name);
    if (known?.isStale === false) names.set(name, known);
    else this.#prepare(connection, names, { name, text });
    connection.bind({ values, statement: name });
  }

  #prepare(connection: Wire, names: Map<string, Prepared>, { name, text }: { name: string; text: string }): void {
    const [oldest] = names.size >= mostPrepared ? names.keys() : [];
    if (oldest !== undefined) {
      names.delete(oldest);
      connection.close({ type: "S", name: oldest });
    }
    // An attempt that failed may have got as far as this one; closing what isn't there is no error.
    connection.close({ type: "S", name });
    connection.parse({ text, name });
    const made: Prepared = { isStale: false };
    names.set(name, made);
    (this.#preparing ??= []).push(made);
  }
}

/** Sends `steps` and `last` at once. Resolves with the result of `last`, or rejects with the first failure. */
export function runPipeline(
  client: pg.ClientBase,
  steps: readonly Step[],
  last: Step | Statement,
  options: PipelineOptions,
): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    client.query(
      new Pipeline(steps, last, options, (error, result) =>
        error === null ? resolve(result as pg.QueryResult) : reject(error),
      ),
    );
  });
}
