import { Injectable } from "@nestjs/common";
import type { ExportFormat } from "@zhanggui/kit/contract/export-format";
import { exportTypes, fileEnding } from "@zhanggui/kit/contract/export-format";
import type { Noun } from "@zhanggui/kit/contract/list-info";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Language, LocalizedText } from "@zhanggui/kit/contract/text";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { ExportWriter } from "@zhanggui/kit/server/export/writer";
import { demandAccess } from "@zhanggui/kit/server/http/asked-before";
import { type ImportColumn, importColumns, type ImportRoute } from "@zhanggui/kit/server/http/imported-rows";
import { Routes } from "@zhanggui/kit/server/http/routes";
import { type imports, noSuchTarget } from "./imports.contract.ts";
import { Batches } from "./internal/batches.ts";

type TargetView = Out<typeof imports.listTargets>["items"][number];

/** What an empty template shows under a head of that kind. */
const examples: Readonly<Record<string, string>> = {
  number: "10",
  count: "10",
  money: "128.00",
  instant: "2026-12-01 10:00",
  day: "2026-12-01",
  phone: "13800004321",
  mail: "guest@lantern-tea.example",
  link: "https://lantern-tea.example",
};

/** Where files can be imported: the routes that declare it, as whoever asks may call them. */
@Injectable()
export class Targets {
  constructor(
    private readonly routes: Routes,
    private readonly batches: Batches,
  ) {}

  list(ctx: Ctx): Out<typeof imports.listTargets> {
    const all = [...this.routes.imports.values()].filter((route) => mayCall(route, ctx));
    return { items: all.map((route) => this.#view(ctx, route)) };
  }

  /** @throws Fault `imports.no_such_target`; `kit.forbidden` for one that the caller may not add to */
  find(ctx: Ctx, target: string): ImportRoute {
    const route = this.routes.imports.get(target);
    if (route === undefined) throw noSuchTarget();
    demandAccess(route, ctx.actor);
    return route;
  }

  /** The list that a target's rows become rows of. */
  listOf(target: string): string {
    const key = this.routes.imports.get(target)?.imports.list;
    return key === undefined ? "" : `${target.slice(0, target.indexOf("."))}.${key}`;
  }

  /** What such rows are called. */
  nounOf(target: string): Noun {
    return this.routes.lists.get(this.listOf(target))?.list.noun ?? { zh: target, en: target, plural: target };
  }

  nameOf(target: string): LocalizedText {
    const { zh, plural } = this.nounOf(target);
    return { zh, en: plural };
  }

  /** @throws Fault `imports.no_such_target`, `kit.forbidden` */
  template(ctx: Ctx, { target, format, language }: Flat<typeof imports.template>): Out<typeof imports.template> {
    const route = this.find(ctx, target);
    const columns = importColumns(route, ctx.actor);
    const name = this.nameOf(target)[language];
    const writer = new ExportWriter({ ...plainTexts(columns), format, language, zone: "UTC", name });
    const row = Object.fromEntries(columns.map((column) => [column.name, exampleOf(column, route, language)]));
    const chunks = [writer.page([row])];
    const title = { zh: `${name}导入模板`, en: `Template for ${name}` }[language];
    return {
      contentType: exportTypes[format],
      fileName: `${title}.${fileEnding(format)}`,
      stream: writer.file(chunks),
    };
  }

  #view(ctx: Ctx, route: ImportRoute): TargetView {
    const columns = importColumns(route, ctx.actor);
    return {
      id: route.id,
      list: this.listOf(route.id),
      noun: this.nounOf(route.id),
      columns: columns.map(({ name, label, kind, isRequired, isList, choices = {}, hint = null }) => {
        return { name, label, kind, isRequired, isList, choices: Object.values(choices), hint };
      }),
      existing: this.batches.waysOf(ctx, route),
      knownBy: [...(route.imports.knownBy ?? [])].filter((name) => columns.some((each) => each.name === name)),
    };
  }
}

/** Columns whose values are texts already, whatever they will be read as. */
export function plainTexts(columns: readonly { readonly name: string; readonly label: LocalizedText }[]) {
  return { columns: columns.map(({ name, label }) => ({ name, label, kind: "text", isNullable: true })) };
}

function exampleOf(column: ImportColumn, { imports }: ImportRoute, language: Language): string {
  const given = imports.examples?.[column.name];
  if (given !== undefined) return typeof given === "string" ? given : given[language];
  const [choice] = Object.values(column.choices ?? {});
  if (choice !== undefined) return choice[language];
  if (column.kind === "yesNo") return { zh: "是", en: "yes" }[language];
  return examples[column.kind] ?? "";
}

function mayCall(route: ImportRoute, { actor }: Ctx): boolean {
  try {
    demandAccess(route, actor);
    return true;
  } catch {
    return false;
  }
}

/** A format of a file by what it is: an export's, so that what failed comes back as what was brought. */
export function formatOf(type: string): ExportFormat | undefined {
  if (type === exportTypes.xlsx) return "xlsx";
  return type === "text/csv" || type === "text/plain" ? "csv" : undefined;
}
