import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { beforeEach, expect, test, vi } from "vitest";
import { api } from "../common/api.ts";
import { uploadFile } from "./upload.ts";

const megabyte = 1024 * 1024;
/** A server that keeps what it was sent, and hangs up when it is told to. */
const server = { size: 0, got: 0, begun: 0, hangsUpAfter: [] as number[], refuses: 0 };
const problem = (status: number, code: string) =>
  new ApiProblem({ type: "", title: code, status, detail: "", code, traceId: "" });
const fileId = "01a22ba7-0000-7000-8000-000000000001";

vi.mock("../common/api.ts", () => ({ api: { files: {} } }));
beforeEach(() => {
  Object.assign(server, { size: 0, got: 0, begun: 0, hangsUpAfter: [], refuses: 0 });
  localStorage.clear();
  const told = () => ({
    headers: { "upload-offset": String(server.got), ...(server.got === server.size ? { "upload-file": fileId } : {}) },
  });
  Object.assign(api.files, {
    upload: async () => ({ id: "straight" }),
    beginUpload: async ({ headers }: { headers: Record<string, string> }) => {
      server.begun += 1;
      server.size = Number(headers["upload-length"]);
      server.got = 0;
      return { headers: { location: "https://lantern-tea.example/api/uploads/u1" } };
    },
    getUpload: async () => {
      if (server.size === 0) throw problem(404, "kit.not_found");
      return told();
    },
    sendUpload: async ({ headers, stream }: { headers: Record<string, string>; stream: Blob }) => {
      if (server.refuses > 0) throw problem(server.refuses, "files.not_taken");
      if (Number(headers["upload-offset"]) !== server.got) throw problem(409, "kit.conflict");
      const arrived = server.hangsUpAfter.shift();
      server.got += Math.min(arrived ?? stream.size, stream.size);
      if (arrived !== undefined) throw new TypeError("Failed to fetch");
      return told();
    },
  });
});

const file = (size: number, name = "茶.csv") => new File([new Uint8Array(size)], name, { lastModified: 1 });
const atOnce = async () => undefined;

test("a small file goes at once, a large one in pieces", async () => {
  expect(await uploadFile(file(megabyte), undefined, atOnce)).toEqual({ id: "straight" });
  const sent: number[] = [];
  expect(await uploadFile(file(20 * megabyte), (bytes) => sent.push(bytes / megabyte), atOnce)).toEqual({ id: fileId });
  expect([sent, localStorage.length]).toEqual([[0, 8, 16], 0]);
});

test("where the connection breaks it goes on with what has arrived, without a byte twice", async () => {
  server.hangsUpAfter = [3 * megabyte, 0, 5 * megabyte];
  expect(await uploadFile(file(20 * megabyte), undefined, atOnce)).toEqual({ id: fileId });
  expect([server.got, server.begun]).toEqual([20 * megabyte, 1]);
});

test("the page loaded anew goes on with the same upload, and begins another where that is over", async () => {
  server.hangsUpAfter = Array.from({ length: 11 }, () => megabyte / 2);
  await expect(uploadFile(file(20 * megabyte), undefined, atOnce)).rejects.toThrow("Failed to fetch");
  expect(await uploadFile(file(20 * megabyte), undefined, atOnce)).toEqual({ id: fileId });
  expect(server.begun).toBe(1);
});

test("what isn't taken is told, and not tried again", async () => {
  server.refuses = 415;
  await expect(uploadFile(file(20 * megabyte), undefined, atOnce)).rejects.toBeInstanceOf(ApiProblem);
  expect([server.got, localStorage.length]).toEqual([0, 0]);
});
