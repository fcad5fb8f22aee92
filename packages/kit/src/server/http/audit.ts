import { Fault } from "../../contract/fault.ts";
import { forbidden } from "../../contract/faults.ts";
import type { Route } from "../../contract/route.ts";
import { auditAct, narrowedTo, type Act } from "../audit/entries.ts";
import type { Ctx } from "../ctx.ts";
import { LruMap } from "../lru.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Whoever tries again and again what they may not, is written down once in so long. */
const refusedEveryMs = 60_000;
const mostRemembered = 10_000;

/** What calls of people and their programs leave in the audit log, besides what changed rows tell by themselves. */
export class CallAudit {
  readonly #refused = new LruMap<string, number>(mostRemembered);

  /** Of a call that did what it was asked: an entry of its own where no change has left one, and for bulk acts. */
  async done(ctx: Ctx, route: Route, input: Fields, reply: unknown): Promise<void> {
    if (!isFollowed(ctx) || route.effect === "read" || input["preview"] === true) return;
    const counts = route.bulk === undefined ? {} : countsOf(reply);
    await write(ctx, { details: { ...paramsOf(route, input), ...counts }, always: route.bulk !== undefined });
  }

  /** Of a file that somebody takes away: what it was narrowed to, but not the words that were searched for. */
  async exported(ctx: Ctx, input: Fields): Promise<void> {
    if (!isFollowed(ctx)) return;
    await write(ctx, { kind: "exported", details: narrowedTo(input) });
  }

  /** Of a call that was refused because its actor may not. */
  async refused(ctx: Ctx, route: Route, error: unknown): Promise<void> {
    if (!isFollowed(ctx) || !(error instanceof Fault) || error.definition.status !== forbidden.status) return;
    const key = `${ctx.tenantId} ${ctx.actor.id} ${route.id}`;
    const now = ctx.now().getTime();
    if (now - (this.#refused.get(key) ?? Number.NEGATIVE_INFINITY) < refusedEveryMs) return;
    this.#refused.set(key, now);
    await write(ctx, { outcome: "refused", details: { code: error.definition.code, ...error.details } });
  }
}

/** Visitors' calls have no tenant whose log it could be; what they change, its rows tell. */
function isFollowed({ actor }: Ctx): boolean {
  return actor.kind === "account" || actor.kind === "key";
}

/** What was done is done, and must not look undone to whoever asked for it: the log of the server has what lacks. */
async function write(ctx: Ctx, act: Act): Promise<void> {
  try {
    await auditAct(ctx, act);
  } catch (error) {
    ctx.log.error({ err: error }, "a call could not be written into the audit log");
  }
}

/** The ids that its address names: never what its body holds. */
function paramsOf({ path }: Route, input: Fields): Fields {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  return Object.fromEntries(names.map((name) => [name, input[name]]));
}

function countsOf(reply: unknown): Fields {
  const { done, passed, gone, failed, run } = reply as Fields;
  return { done, passed, gone, failed: Array.isArray(failed) ? failed.length : failed, run };
}
