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
  renderLimit: 200,
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

/** Tries a template on an example. @throws Fault `messaging.bad_template` naming the field */
export async function assertTemplate(field: string, template: string): Promise<void> {
  try {
    await fillIn(template, example);
  } catch (cause) {
    throw badTemplate({ field, reason: reasonOf(cause) }, { cause });
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? error.name) : String(error);
}
