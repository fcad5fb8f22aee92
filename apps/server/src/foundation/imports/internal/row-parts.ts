import { newId } from "@zhanggui/kit/contract/new-id";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { StorageService } from "../../files/storage.service.ts";
import { partCharacters, partRows } from "./limits.ts";
import type { RawCell, RawRow } from "./raw-rows.ts";

export interface RowPart {
  readonly id: string;
  readonly rows: number;
}
type Stored = readonly [number: number, ...cells: RawCell[]];

/** A file's rows as they were read, in the storage: a step reads what it is about, not the file from its start. */
export class RowParts {
  readonly #storage: StorageService;
  readonly #tenantId: string;
  readonly #importId: string;

  constructor(storage: StorageService, { tenantId }: Pick<Ctx, "tenantId">, importId: string) {
    this.#storage = storage;
    this.#tenantId = tenantId;
    this.#importId = importId;
  }

  /** Stores rows as they come. */
  async write(rows: AsyncIterable<RawRow>, now: () => Date): Promise<RowPart[]> {
    const parts: RowPart[] = [];
    let held: Stored[] = [];
    let characters = 0;
    const store = async (): Promise<void> => {
      const id = newId(now());
      const bytes = Buffer.from(JSON.stringify(held));
      await this.#storage.putPart(this.#tenantId, this.#importId, id, [bytes], "imports");
      parts.push({ id, rows: held.length });
      held = [];
      characters = 0;
    };
    for await (const { number, cells } of rows) {
      held.push([number, ...cells]);
      for (const cell of cells) if (typeof cell === "string") characters += cell.length;
      if (held.length >= partRows || characters >= partCharacters) await store();
    }
    if (held.length > 0) await store();
    return parts;
  }

  async read({ id }: RowPart): Promise<RawRow[]> {
    const chunks = await Array.fromAsync(this.#storage.part(this.#tenantId, this.#importId, id, "imports"));
    const stored = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Stored[];
    return stored.map(([number, ...cells]) => ({ number, cells }));
  }
}
