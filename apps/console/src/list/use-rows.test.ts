import { afterEach, beforeEach, expect, test } from "vitest";
import { createApp, defineComponent, type App } from "vue";
import { type Page, type Rows, useRows } from "./use-rows.ts";

interface Tin {
  readonly id: string;
  readonly cups: number;
}
let server: Page<Tin> = { items: [], next: null };
let asked: Record<string, unknown>[] = [];
let list: Rows<Tin>;
let app: App;
const tins = (...given: [id: string, cups: number][]): Tin[] => given.map(([id, cups]) => ({ id, cups }));
const look = () => list.look(new AbortController().signal);

beforeEach(() => {
  asked = [];
  app = createApp(
    defineComponent({
      setup() {
        list = useRows<Tin>(
          (query) => {
            asked.push(query);
            return Promise.resolve(server);
          },
          () => ({ grade: "spring" }),
        );
        return () => null;
      },
    }),
  );
  app.mount(document.createElement("div"));
});
afterEach(() => app.unmount());

test("a look changes rows where they are; what came, went or moved waits for the reader", async () => {
  server = { items: tins(["a", 1], ["b", 2], ["c", 3]), next: null, total: 3 };
  await list.load();
  server = { items: tins(["new", 9], ["c", 30], ["a", 10]), next: null, total: 3 };
  await look();
  expect(list.rows.value).toEqual(tins(["a", 10], ["b", 2], ["c", 30]));
  expect(list.fresh.value).toBe(1);
  expect(asked.at(-1)).toEqual({ grade: "spring", limit: 50 });
  await list.refresh();
  expect(list.rows.value).toEqual(server.items);
  expect(list.fresh.value).toBe(0);
});

test("an empty list shows what came at once", async () => {
  server = { items: [], next: null, total: 0 };
  await list.load();
  server = { items: tins(["first", 1]), next: null, total: 1 };
  await look();
  expect([list.rows.value, list.fresh.value, list.total.value]).toEqual([server.items, 0, 1]);
});

test("a look that something else overtook changes nothing", async () => {
  server = { items: tins(["a", 1]), next: null };
  await list.load();
  server = { items: tins(["a", 2]), next: null };
  const looking = look();
  server = { items: tins(["other", 1]), next: null };
  const loading = list.load();
  await Promise.all([looking, loading]);
  expect(list.rows.value).toEqual(tins(["other", 1]));
  expect(asked).toHaveLength(3);
});

test("what changes while the list is being asked for is looked at after it, for it may have been read before", async () => {
  const stop = new AbortController();
  server = { items: tins(["a", 1]), next: null };
  const loading = list.load();
  server = { items: tins(["a", 2]), next: null };
  const looking = list.look(stop.signal);
  expect(asked).toHaveLength(1);
  await Promise.all([loading, looking]);
  expect([list.rows.value, asked.length]).toEqual([tins(["a", 2]), 2]);
  const again = list.load();
  const gone = list.look(stop.signal);
  stop.abort();
  await Promise.all([again, gone]);
  expect(asked).toHaveLength(3);
});
