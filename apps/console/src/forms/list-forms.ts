import type { Arguments, Call } from "@zhanggui/kit/contract/client";
import { permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Route } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Component } from "vue";
import { can } from "../common/signed-in.ts";

type Reply<R extends Route> = Awaited<ReturnType<Call<R>>>;

/** A form that a list opens; made by `creates` or `edits`, which know the types of its route. */
export interface ListForm<Row> {
  readonly call: Call<Route>;
  readonly title: LocalizedText;
  readonly action?: LocalizedText;
  readonly label?: LocalizedText;
  readonly values: (row: Row | undefined) => Record<string, unknown>;
  readonly fixed: (row: Row | undefined) => Record<string, unknown>;
  /** Why a row can't be edited; empty if it can. */
  readonly why: (row: Row) => string;
  readonly saved: (reply: unknown, sent: Readonly<Record<string, unknown>>) => void;
  readonly check?: (sent: Readonly<Record<string, unknown>>) => Promise<LocalizedText | null>;
  readonly preview?: Component;
}

interface Options<R extends Route> {
  readonly title: LocalizedText;
  /** What its button says, if not "create" or "save". */
  readonly action?: LocalizedText;
  /** What the menu of a row calls it, if not "edit". */
  readonly label?: LocalizedText;
  readonly saved?: (reply: Reply<R>, sent: Partial<Arguments<R>>) => void;
  /** What speaks against it, though it is allowed; said before it is sent, and sent if somebody asks again. */
  readonly check?: (sent: Arguments<R>) => Promise<LocalizedText | null>;
  /** Shows beside the form what becomes of its `values`. */
  readonly preview?: Component;
}

type Check<R extends Route> = Options<R>["check"];
function checked<R extends Route>(check: Check<R>): Pick<ListForm<never>, "check"> {
  return check === undefined ? {} : { check: (sent) => check(sent as Arguments<R>) };
}

/** The form that adds a row. @param options `values`: what stands in it at first */
export function creates<R extends Route>(
  call: Call<R>,
  { values, saved, check, ...options }: Options<R> & { readonly values?: () => Partial<Arguments<R>> },
): ListForm<never> {
  return {
    ...options,
    ...checked(check),
    call: call as unknown as Call<Route>,
    values: () => values?.() ?? {},
    fixed: () => ({}),
    why: () => "",
    saved: (reply, sent) => saved?.(reply as Reply<R>, sent as Partial<Arguments<R>>),
  };
}

/** The form that changes a row. @param options `fixed`: what is sent besides what it shows, such as the row's id */
export function edits<Row, R extends Route>(
  call: Call<R>,
  {
    values,
    fixed,
    why,
    saved,
    check,
    ...options
  }: Options<R> & {
    readonly values: (row: Row) => Partial<Arguments<R>>;
    readonly fixed: (row: Row) => Partial<Arguments<R>>;
    readonly why?: (row: Row) => string;
  },
): ListForm<Row> {
  return {
    ...options,
    ...checked(check),
    call: call as unknown as Call<Route>,
    values: (row) => (row === undefined ? {} : values(row)),
    fixed: (row) => (row === undefined ? {} : fixed(row)),
    why: (row) => why?.(row) ?? "",
    saved: (reply, sent) => saved?.(reply as Reply<R>, sent as Partial<Arguments<R>>),
  };
}

/** Whether the account may call what the form calls. */
export function mayUse({ call }: Pick<ListForm<never>, "call">): boolean {
  const { access } = call.route;
  return typeof access === "string" || permissionsOf(access).some(can);
}
