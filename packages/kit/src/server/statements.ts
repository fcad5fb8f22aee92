import type pg from "pg";

/** Told that a statement begins, with its text as it is sent; what it returns is told how it ended. */
export type StatementWatcher = (client: pg.ClientBase, text: string) => StatementEnd | undefined;
/** `rows`: how many it returned or changed; 0 if it failed. */
export type StatementEnd = (rows: number, error?: unknown) => void;

type Callback = (error: unknown, answer: unknown) => void;

/**
 * Tells of each statement on the connections that a pool makes from now on. Of those through a cursor nothing is told:
 * they take as long as whoever reads.
 */
export function watchStatements(pool: pg.Pool, watcher: StatementWatcher): void {
  pool.on("connect", (client) => watchClient(client, watcher));
}

function watchClient(client: pg.ClientBase, watcher: StatementWatcher): void {
  const query = client.query.bind(client) as (...words: unknown[]) => unknown;
  const watched = (...words: unknown[]): unknown => {
    const [own] = words;
    const callback = words.at(-1);
    const isWatched = isQuery(own) || typeof callback === "function" || !isSubmittable(own);
    const end = isWatched ? watcher(client, textOf(own)) : undefined;
    if (end === undefined) return query(...words);
    const told =
      (tell: Callback): Callback =>
      (error, answer) => {
        end(error ? 0 : rowsOf(answer), error ?? undefined);
        tell(error, answer);
      };
    if (isQuery(own)) {
      own.callback = told(own.callback);
      return query(...words);
    }
    if (typeof callback === "function") return query(...words.slice(0, -1), told(callback as Callback));
    const result = query(...words);
    if (!(result instanceof Promise)) return result;
    result.then(
      (answer: unknown) => end(rowsOf(answer)),
      (error: unknown) => end(0, error),
    );
    return result;
  };
  client.query = watched as typeof client.query;
}

/** A query that the caller made (`pipeline.ts`), with a callback of its own. */
function isQuery(own: unknown): own is { callback: Callback } {
  return isSubmittable(own) && "callback" in own && typeof own.callback === "function";
}

/** A cursor, for one: it has no callback that tells of its end. */
function isSubmittable(own: unknown): own is object {
  return typeof own === "object" && own !== null && "submit" in own;
}

function textOf(query: unknown): string {
  if (typeof query === "string") return query;
  return typeof query === "object" && query !== null && "text" in query ? String(query.text) : "";
}

function rowsOf(answer: unknown): number {
  const results = (Array.isArray(answer) ? answer : [answer]) as { readonly rowCount?: number | null }[];
  return results.reduce((sum, result) => sum + (result?.rowCount ?? 0), 0);
}
