import { Routes } from "@zhanggui/kit/server/http/routes";
import { openTestServer, type Member, type TestServer } from "../../../testing/test-server.ts";

type Way = "skip" | "refuse" | "update";
type Target = "links.create" | "audience.createPerson";

/** A server, and what tests of imports do again and again. */
export class Importing {
  readonly server: TestServer;
  owner!: Member;
  /** What a test makes happen when a row is handed to its route, by its address. */
  onRow: ((url: string) => Promise<void> | void) | undefined;

  private constructor(server: TestServer) {
    this.server = server;
    const routes = server.app.get(Routes);
    const take = routes.takeRow.bind(routes);
    routes.takeRow = async (ctx, route, input) => {
      await this.onRow?.(String(input["url"]));
      return take(ctx, route, input);
    };
  }

  static async open(clusterUrl: string): Promise<Importing> {
    return new Importing(await openTestServer(clusterUrl));
  }

  /** A tenant of its own for each test. */
  async begin(): Promise<void> {
    this.onRow = undefined;
    this.owner = await this.server.asOwner();
  }

  async upload(name: string, content: string | Uint8Array, who = this.owner): Promise<string> {
    const stream = Buffer.from(content as string);
    return (await who.api.files.upload({ name, stream, contentType: "application/octet-stream" })).id;
  }

  async read(content: string | Uint8Array, who = this.owner, name = "rows.csv", target: Target = "links.create") {
    const fileId = await this.upload(name, content, who);
    const { id } = await who.api.imports.create({ target, fileId, language: "en" });
    await this.server.runUntilIdle();
    return who.api.imports.get({ importId: id });
  }

  async check(importId: string, mapping: (string | null)[], existing: Way = "skip", who = this.owner) {
    await who.api.imports.check({ importId, mapping, existing });
    await this.server.runUntilIdle();
    return who.api.imports.get({ importId });
  }

  async checked(content: string | Uint8Array, existing?: Way, who?: Member, target?: Target) {
    const { id, mapping } = await this.read(content, who, undefined, target);
    return this.check(id, mapping, existing, who);
  }

  async run(importId: string, who = this.owner) {
    await who.api.imports.run({ importId });
    await this.server.runUntilIdle();
    return who.api.imports.get({ importId });
  }

  async ran(content: string | Uint8Array, existing?: Way, who?: Member, target?: Target) {
    const { id } = await this.checked(content, existing, who, target);
    return this.run(id, who);
  }

  /** The path, title and ending of each link, the newest first. */
  async links(who = this.owner) {
    const { items } = await who.api.links.list({ limit: 100 });
    return items.map(({ url, title, shortUrl }) => [new URL(url).pathname, title, shortUrl.replace(/.*\//, "")]);
  }

  /** The file of the rows that failed. */
  async errors(importId: string, who = this.owner): Promise<Buffer> {
    const link = await who.api.imports.errors({ importId });
    const response = await fetch(link.url.replace(this.server.runtime.env.PUBLIC_URL, this.server.url));
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }
}

export const addressOf = (n: number | string): string => `https://lantern-tea.example/${n}`;

export const countsOf = ({ created, updated, skipped, failed }: Record<Became, number>) =>
  [created, updated, skipped, failed] as const;
type Became = "created" | "updated" | "skipped" | "failed";
