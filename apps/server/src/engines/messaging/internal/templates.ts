import { Liquid } from "liquidjs";
import { badTemplate } from "../messaging.contract.ts";

/** What a template may speak of. */
export interface TemplateScope {
  readonly person: { readonly displayName: string };
  readonly channel: { readonly name: string; readonly leaderName: string };
  readonly app: { readonly name: string };
}

/** A name that isn't there is an error: a message with a hole in it is worse than none. No files, little time. */
const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  parseLimit: 10_000,
  // Milliseconds by the clock, not of work: on a busy machine a good template would fail for good with a tighter one.
  renderLimit: 2_000,
  memoryLimit: 1_000_000,
  relativeReference: false,
  templates: {},
});

const example: TemplateScope = {
  person: { displayName: "小满" },
  channel: { name: "门店海报", leaderName: "阿青" },
  app: { name: "灯笼茶" },
};

export async function fillIn(template: string, scope: TemplateScope): Promise<string> {
  return (await engine.parseAndRender(template, scope)) as string;
}

/**
 * Tries a template on an example.
 *
 * @param where what the operator calls it, if its field has several
 * @throws Fault `messaging.bad_template` naming the field
 */
export async function assertTemplate(field: string, template: string, where?: string): Promise<void> {
  try {
    await fillIn(template, example);
  } catch (cause) {
    const told = where === undefined ? "" : `${where} · `;
    throw badTemplate({ field, where: told, reason: reasonOf(cause), errors: [{ field }] }, { cause });
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? error.name) : String(error);
}
