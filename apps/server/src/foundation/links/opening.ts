import { Injectable } from "@nestjs/common";
import { isBrowser } from "@zhanggui/kit/contract/browser";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { GroupCommit } from "@zhanggui/kit/server/group-commit";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { CompiledQuery } from "kysely";
import { Passwords } from "../access/passwords.ts";
import { linkOver, type links } from "./links.contract.ts";
import { linkRows } from "./links.service.ts";

type Opened = Readonly<Record<"tenantId" | "id", string>>;
type Asked = Omit<Flat<typeof links.open>, "isHead"> & { readonly isHead?: boolean; readonly password?: string };

/** Opens links, for whoever comes: a slug names the link, and the link its tenant. */
@Injectable()
export class Opening {
  readonly #clicks = new GroupCommit((all: readonly Opened[]) => this.#count(all), { maxItems: 1000, concurrency: 1 });

  constructor(
    private readonly runtime: Runtime,
    private readonly passwords: Passwords,
  ) {}

  /** @throws Fault `kit.not_found`, `kit.password_needed`, `kit.wrong_password`; `links.over` for one that isn't active */
  async open(visitor: Ctx, { slug, headers, isHead, password }: Asked): Promise<{ location: string }> {
    const rows = linkRows(this.runtime.unscopedDb(), this.runtime, visitor).where("slug", "=", slug);
    const link = await rows.executeTakeFirstOrThrow(() => notFound());
    if (link.state !== "active") throw linkOver();
    await this.passwords.demand(link.passwordHash, password, { id: link.id, source: visitor.source });
    if (!isHead && !(await this.#clicks.add(link))) throw linkOver();
    const rule = link.rules.find(({ browser }) => isBrowser(browser, headers["user-agent"]));
    return { location: rule?.url ?? link.url };
  }

  /** Whether each may lead on: as many as its link's limit has room for. */
  async #count(opened: readonly Opened[]): Promise<boolean[]> {
    const values = [opened.map(({ tenantId }) => tenantId), opened.map(({ id }) => id), this.runtime.clock.now()];
    const query = CompiledQuery.raw("SELECT id, room FROM links_count($1, $2, $3)", values);
    const { rows } = await this.runtime.unscopedDb().executeQuery<{ id: string; room: number }>(query);
    const room = new Map(rows.map((row) => [row.id, row.room]));
    return opened.map(({ id }) => {
      const left = room.get(id) ?? 0;
      room.set(id, left - 1);
      return left > 0;
    });
  }
}
