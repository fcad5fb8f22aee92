import pg from "pg";

type Send = (
  this: pg.Client,
  query: string | { readonly text?: string; readonly statements?: number },
  ...rest: unknown[]
) => unknown;

let sent = 0;
let counts = false;

/** How many statements this process has sent through `pg` so far; those of one text each. Counting begins with it. */
export function statementsSent(): number {
  if (!counts) {
    counts = true;
    const prototype = pg.Client.prototype as unknown as { query: Send };
    const send = prototype.query;
    prototype.query = function counted(query, ...rest) {
      const text = typeof query === "string" ? query : (query.text ?? "");
      const pipelined = typeof query === "string" ? 0 : (query.statements ?? 1) - 1;
      sent += pipelined + text.split(";").filter((statement) => statement.trim() !== "").length;
      return send.call(this, query, ...rest);
    };
  }
  return sent;
}
