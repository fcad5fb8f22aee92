import { once } from "node:events";
import { Agent, request } from "node:http";
import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { access } from "@zhanggui/server/foundation/access/access.contract";
import { migrationFolders } from "@zhanggui/server/migrations";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { freePort } from "../../tools/postgres.ts";
import { startServer, type ServerProcess } from "../setup/server-process.ts";

/*
 * Two servers behind what stands before them: one after the other is told to end, and replaced, while requests go on. The
 * client does what a load balancer does: it keeps connections, takes turns, asks each server whether it is ready, and
 * sends no more to one that isn't. Where no connection was made nothing was sent, so the other server gets it; nothing
 * else is tried again. (Who asks nobody may lose what the system had accepted, and the server hadn't, when it closed.)
 */
let database: TestDatabase;
let token: string;
const ports: number[] = [];
const running = new Map<number, ServerProcess>();
const agents = new Map<number, Agent>();

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), migrationFolders());
  ports.push(await freePort(), await freePort());
  for (const port of ports) {
    await begin(port);
    agents.set(port, new Agent({ keepAlive: true, maxSockets: 16 }));
  }
  const { accessToken } = await createClient({ access }, { baseUrl: `http://127.0.0.1:${ports[0]}` }).access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "Lantern Tea",
    login: "owner@lantern-tea.example",
    displayName: "Owner",
    password: "correct horse battery",
  });
  token = accessToken;
});
afterAll(async () => {
  for (const agent of agents.values()) agent.destroy();
  for (const server of running.values()) await server.kill();
  await database.drop();
});

async function begin(port: number): Promise<void> {
  // By the address that people see, whichever of the two answers.
  const env = { PUBLIC_URL: `http://127.0.0.1:${ports[0]}`, UNREADY_SECONDS: "3", DRAIN_SECONDS: "30" };
  running.set(port, await startServer({ DATABASE_URL: database.url, PORT: String(port), ...env }));
}

interface Answer {
  readonly status: number | string;
  readonly port: number;
}
/** One try at one server. */
async function send(port: number, method: string, path: string, body?: object): Promise<Answer> {
  const agent = agents.get(port)!;
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  };
  return new Promise((resolve) => {
    const failed = (error: Error & { code?: string }): void => resolve({ status: error.code ?? error.message, port });
    const call = request({ host: "127.0.0.1", port, method, path, headers, agent }, (answer) => {
      answer.on("error", failed).on("end", () => resolve({ status: answer.statusCode ?? 0, port }));
      answer.resume();
    });
    call.on("error", failed).end(text);
  });
}

/** Asks each server ten times a second whether it is ready, as a load balancer would. */
const ready = new Set<number>();
function watchReadiness(): () => Promise<void> {
  let isOver = false;
  const watching = ports.map(async (port) => {
    while (!isOver) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { headers: { connection: "close" } }).catch(
        () => undefined,
      );
      if (answer?.ok === true) ready.add(port);
      else ready.delete(port);
      await answer?.arrayBuffer();
      await new Promise((done) => setTimeout(done, 100));
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(watching);
  };
}

let turn = 0;
async function through(method: string, path: string, body?: object): Promise<Answer> {
  const inTurn = turn++ % 2 === 0 ? ports : ports.toReversed();
  const [one = 0, other = 0] = inTurn.toSorted((a, b) => Number(ready.has(b)) - Number(ready.has(a)));
  const answer = await send(one, method, path, body);
  return answer.status === "ECONNREFUSED" ? send(other, method, path, body) : answer;
}

test("each of two servers is drained and replaced under load, and no request fails", async () => {
  const answers: Answer[] = [];
  const endWatch = watchReadiness();
  await expect.poll(() => ready.size).toBe(2);
  let isOver = false;
  const load = Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; !isOver; n++) {
        const isWrite = n % 2 === 0;
        const given = { name: `role ${writer}-${n}`, permissions: [] };
        answers.push(isWrite ? await through("POST", "/api/roles", given) : await through("GET", "/api/roles"));
      }
    }),
  );
  const more = async (port: number, many: number): Promise<void> => {
    const before = answers.length;
    const count = () => answers.slice(before).filter((answer) => answer.port === port).length;
    await expect.poll(count).toBeGreaterThan(many);
  };
  for (const port of ports) {
    for (const each of ports) await more(each, 50);
    const ending = running.get(port)!;
    const ended = once(ending.process, "exit");
    ending.process.kill("SIGTERM");
    expect((await ended)[0], ending.output()).toBe(0);
    await begin(port);
    await more(port, 50);
  }
  isOver = true;
  await load;
  await endWatch();
  const statuses = Map.groupBy(answers, ({ status }) => status);
  expect([...statuses].map(([status, each]) => [status, each.length])).toEqual([[200, answers.length]]);
  expect(answers.length).toBeGreaterThan(300);
});
