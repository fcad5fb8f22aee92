import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { api } from "../common/api.ts";
import { signedIn } from "../common/signed-in.ts";

const megabyte = 1024 * 1024;
/** More is sent in pieces: what a connection that breaks costs is one of them. */
const straightBytes = 8 * megabyte;
const pieceBytes = 8 * megabyte;
/** So often a piece is tried again, with longer and longer pauses: some minutes in a tunnel. */
const mostTries = 10;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
const tus = { "tus-resumable": "1.0.0" };

type Pause = (ms: number) => Promise<void>;
const waits: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Uploads a file. A large one goes piece by piece, and on where it was after a connection was lost or the page was
 * loaded anew.
 *
 * @throws ApiProblem for what isn't taken; fetch's own error if the server stays away
 */
export async function uploadFile(
  file: File,
  told: (sent: number) => void = () => undefined,
  pause: Pause = waits,
): Promise<{ readonly id: string }> {
  if (file.size > straightBytes) return { id: await inPieces(file, told, pause) };
  return api.files.upload({ name: file.name, stream: file, contentType: file.type || "application/octet-stream" });
}

async function inPieces(file: File, told: (sent: number) => void, pause: Pause): Promise<string> {
  const key = `upload ${signedIn.me?.account.id} ${file.name} ${file.size} ${file.lastModified}`;
  const known = localStorage.getItem(key);
  let state = known === null ? undefined : await stateOf(known).catch(unlessGone);
  let uploadId = known ?? "";
  if (state === undefined) {
    uploadId = await begin(file);
    localStorage.setItem(key, uploadId);
    state = { offset: 0, fileId: undefined };
  }
  for (let tries = 0; state.fileId === undefined;) {
    told(state.offset);
    try {
      state = await send(uploadId, state.offset, file);
      tries = 0;
    } catch (error) {
      if (isFinal(error) || (tries += 1) > mostTries) {
        if (isFinal(error)) localStorage.removeItem(key);
        throw error;
      }
      await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)));
      // What arrived of the piece is there.
      state = await stateOf(uploadId).catch((again: unknown) => {
        if (isFinal(again)) throw again;
        return state as State;
      });
    }
  }
  localStorage.removeItem(key);
  return state.fileId;
}

interface State {
  readonly offset: number;
  /** Once it is whole. */
  readonly fileId: string | undefined;
}

async function begin({ name, size }: File): Promise<string> {
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(name)));
  const about = { ...tus, "upload-length": String(size), "upload-metadata": `filename ${encoded}` };
  const { headers } = await api.files.beginUpload({ headers: about });
  return headers.location?.replace(/.*\//, "") ?? "";
}

async function stateOf(uploadId: string): Promise<State> {
  return stateIn((await api.files.getUpload({ uploadId, headers: tus })).headers);
}

async function send(uploadId: string, offset: number, file: File): Promise<State> {
  const stream = file.slice(offset, offset + pieceBytes);
  const headers = { ...tus, "upload-offset": String(offset) };
  const contentType = "application/offset+octet-stream";
  return stateIn((await api.files.sendUpload({ uploadId, headers, stream, contentType })).headers);
}

function stateIn(headers: {
  readonly "upload-offset"?: string | undefined;
  readonly "upload-file"?: string | undefined;
}) {
  return { offset: Number(headers["upload-offset"]), fileId: headers["upload-file"] };
}

/** Refused for good: not for a server that is away, nor for a piece that is there already. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status < 500 && ![409, 429].includes(error.problem.status);
}

function unlessGone(error: unknown): undefined {
  if (error instanceof ApiProblem && error.problem.status === 404) return undefined;
  throw error;
}
