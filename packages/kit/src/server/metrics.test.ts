import { expect, test } from "vitest";
import { Metrics } from "./metrics.ts";

/** The lines of one metric. */
async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const { body } = await metrics.text();
  return body.split("\n").filter((line) => line.startsWith(name));
}

test("counters and histograms are told by their labels", async () => {
  const metrics = new Metrics();
  const brewed = metrics.counter({ name: "zg_teas_total", help: "Teas", labels: ["kind"] });
  brewed.add({ kind: "oolong" });
  brewed.add({ kind: "oolong" }, 2);
  brewed.add({ kind: 'a"b' });
  const waits = metrics.histogram({ name: "zg_wait_seconds", help: "Waits", buckets: [1, 2] });
  waits.observe({}, 1.5);
  expect(await linesOf(metrics, "zg_teas_total")).toEqual([
    'zg_teas_total{kind="oolong"} 3',
    'zg_teas_total{kind="a\\"b"} 1',
  ]);
  expect(await linesOf(metrics, "zg_wait_seconds")).toEqual([
    'zg_wait_seconds_bucket{le="1"} 0',
    'zg_wait_seconds_bucket{le="2"} 1',
    'zg_wait_seconds_bucket{le="+Inf"} 1',
    "zg_wait_seconds_sum 1.5",
    "zg_wait_seconds_count 1",
  ]);
  expect((await metrics.text()).contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

test("a metric of the same name is the same metric; two registries don't know each other", async () => {
  const [metrics, other] = [new Metrics(), new Metrics()];
  for (const each of [metrics, metrics, other]) each.counter({ name: "zg_teas_total", help: "Teas" }).add({});
  expect(await linesOf(metrics, "zg_teas_total")).toEqual(["zg_teas_total 2"]);
  expect(await linesOf(other, "zg_teas_total")).toEqual(["zg_teas_total 1"]);
});

test("a gauge is read when it is asked for, and what is gone is told no more", async () => {
  const metrics = new Metrics();
  let queues = [
    { labels: { queue: "a" }, value: 1 },
    { labels: { queue: "b" }, value: 2 },
  ];
  metrics.gauge({ name: "zg_queue_depth", help: "Waiting", labels: ["queue"] }, () => queues);
  expect(await linesOf(metrics, "zg_queue_depth")).toHaveLength(2);
  queues = [{ labels: { queue: "b" }, value: 0 }];
  expect(await linesOf(metrics, "zg_queue_depth")).toEqual(['zg_queue_depth{queue="b"} 0']);
});

test("a gauge that fails or never answers is left out, and the others are told", async () => {
  const metrics = new Metrics({ readingMs: 20 });
  metrics.gauge({ name: "zg_broken", help: "Throws" }, () => Promise.reject(new Error("no database")));
  metrics.gauge({ name: "zg_silent", help: "Never answers" }, () => new Promise<number>(() => {}));
  metrics.gauge({ name: "zg_well", help: "Answers" }, async () => 7);
  expect(await linesOf(metrics, "zg_broken")).toEqual([]);
  expect(await linesOf(metrics, "zg_silent")).toEqual([]);
  expect(await linesOf(metrics, "zg_well")).toEqual(["zg_well 7"]);
});
