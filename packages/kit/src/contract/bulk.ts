import { z } from "zod";
import { type BulkInfo, bulkStep } from "./bulk-info.ts";
import type { FaultFactory } from "./fault.ts";
import { Id } from "./ids.ts";
import type { ListRoute } from "./list.ts";
import type { Access } from "./permission.ts";
import { type Effect, route, type Route } from "./route.ts";
import { bilingual, type LocalizedText } from "./text.ts";

/** More rows than these aren't taken out of all that match one by one. */
const mostExcepted = 1000;

/** The rows: those that are named, or all that the query matches but a few. */
const Chosen = {
  ids: z.array(Id).min(1).max(bulkStep).optional(),
  all: z.literal(true).optional().meta({ description: "All that the query matches" }),
  except: z.array(Id).max(mostExcepted).optional(),
  preview: z.boolean().default(false).meta({ description: "Nothing is done; the reply says what would be" }),
  handOver: z
    .boolean()
    .default(false)
    .meta({ description: "Of all that match: the server goes on by itself, and `run` names its work" }),
};

/**
 * What became of the rows of one step, or in a preview of the first `countLimit` that match.
 */
export const BulkReply = z
  .object({
    /** How many it was done to, or would be. */
    done: z.int(),
    /** How many it needn't or can't be done to, by the reason's name. */
    passed: z.record(z.string(), z.int()),
    /** Of the rows that were named: how many aren't there. */
    gone: z.int(),
    failed: z.array(z.object({ id: Id, name: z.string(), why: z.object({ zh: z.string(), en: z.string() }) })),
    /** Of a preview: there are more rows than were counted. */
    isMore: z.boolean(),
    /** Where the next step begins; null after the last one, and for rows that were named. */
    next: z.string().nullable(),
    /** The work that was handed over: nothing is done yet. */
    run: Id.optional(),
  })
  .meta({ id: "BulkReply" });

export interface BulkSpec {
  readonly list: ListRoute;
  readonly label: LocalizedText;
  readonly summary: string;
  readonly access: Access;
  readonly effect: Exclude<Effect, "read">;
  /** What is asked for besides the rows. */
  readonly body?: z.ZodObject;
  readonly passes: BulkInfo["passes"];
  readonly faults?: readonly FaultFactory[];
}

type Unasked = "sort" | "columns" | "zone" | "limit" | "cursor";
type ShapeOf<Shape> = Shape extends z.ZodObject<infer Fields> ? Fields : Readonly<Record<never, never>>;
type BulkRouteOf<Spec extends BulkSpec> = Route<{
  readonly summary: string;
  readonly access: Spec["access"];
  readonly effect: Spec["effect"];
  readonly idempotent: true;
  readonly query: z.ZodObject<
    Omit<ShapeOf<Spec["list"]["query"]>, Unasked> & { readonly after: z.ZodOptional<typeof Id> }
  >;
  readonly body: z.ZodObject<ShapeOf<Spec["body"]> & typeof Chosen>;
  readonly reply: typeof BulkReply;
  readonly bulk: Omit<BulkInfo, "passes"> & { readonly passes: Spec["passes"] };
}>;

export type BulkRoute = Route & { readonly bulk: BulkInfo };

/**
 * Something that is done to several rows of a list at once: to those that are named, or to all that a query of the list
 * matches, in steps. A step that is repeated with its key happens once; who comes to match meanwhile isn't touched.
 */
export function bulk<Spec extends BulkSpec>(path: `/${string}`, spec: Spec): BulkRouteOf<Spec> {
  const { list, label, summary, access, effect, body, passes, faults }: BulkSpec = spec;
  const { sort: _s, columns: _c, zone: _z, limit: _l, cursor: _n, ...narrowing } = list.query?.shape ?? {};
  const made = route.post(path, {
    summary,
    access,
    effect,
    idempotent: true,
    ...(list.params === undefined ? {} : { params: list.params }),
    query: z.object({
      ...narrowing,
      after: Id.optional().meta({ description: "Of all that match: `next` of the step before" }),
    }),
    body: z
      .object({ ...body?.shape, ...Chosen })
      .refine(({ ids, all }) => (ids === undefined) !== (all === undefined), {
        path: ["ids"],
        error: bilingual({ zh: "要么指定行，要么选择全部", en: "either some rows or all that match" }),
      })
      .refine(({ handOver, all, preview }) => !handOver || (all === true && !preview), {
        path: ["handOver"],
        error: bilingual({ zh: "只有对全部匹配项的操作才能交给服务器", en: "only for all that match, and no preview" }),
      }),
    reply: BulkReply,
    ...(faults === undefined ? {} : { faults }),
    bulk: { list: list.list, label, passes },
  });
  return made as never;
}
