import { inject, onTestFinished } from "vitest";
import { openTestServer, type Api, type TestServer } from "./test-server.ts";

/**
 * The shortest way into a test: the real app on a database of its own, a tenant, and the typed client of an operator
 * who is signed in. It closes when the test ends; `server` is there for `runUntilIdle()` and the clock.
 */
export async function asOperator(): Promise<Api & { readonly server: TestServer }> {
  const server = await openTestServer(inject("clusterUrl"));
  onTestFinished(() => server.close());
  const operator = await server.as("operator", await server.asOwner());
  return { ...operator.api, server };
}
