import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import type { State } from "../world/state.ts";
import { SavedHead, type SavedListName, savedListNames, savedLists, savedVersion, SavedWorld } from "./shape.ts";
import { headOf, itemsOf, type ListItem, restoreFrom, restoreWorld } from "./world.ts";

/*
 * How a world lies in a file: one JSON document, but with an item of a list on each line, so that it is written and
 * read piece by piece. The whole as one text would be several times what the world itself takes.
 */
const chunkBytes = 1 << 18;

/** A file that isn't a world, with the reason. */
export class UnusableFile extends Error {}

function* linesOf(state: State): Generator<string> {
  yield `${JSON.stringify(headOf(state)).slice(0, -1)},\n`;
  for (const [index, name] of savedListNames.entries()) {
    yield `"${name}":[`;
    let isEmpty = true;
    for (const item of itemsOf(state, name)) {
      yield `${isEmpty ? "\n" : ",\n"}${JSON.stringify(item)}`;
      isEmpty = false;
    }
    yield `${isEmpty ? "]" : "\n]"}${index === savedListNames.length - 1 ? "}\n" : ",\n"}`;
  }
}

/**
 * Writes the world to `path`, for its owner's eyes only: beside it first, then renamed, so that whoever reads finds
 * the old one or the new one. In one go, for a world that changed meanwhile would be none.
 */
export function writeWorld(state: State, path: string): void {
  const partial = `${path}.partial`;
  try {
    const file = openSync(partial, "w", 0o600);
    try {
      let chunk = "";
      for (const line of linesOf(state)) {
        chunk += line;
        if (chunk.length < chunkBytes) continue;
        writeWhole(file, chunk);
        chunk = "";
      }
      writeWhole(file, chunk);
    } finally {
      closeSync(file);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** A system may take less than it was given. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

/**
 * Puts the world of a file into the place of the one there is.
 *
 * @throws UnusableFile, with the reason, and leaves everything as it was
 */
export function restoreFile(state: State, path: string): void {
  const lines = readLines(path);
  const first = lines.next();
  const firstLine = first.done === true ? "" : first.value;
  if (!firstLine.endsWith(",")) return restoreWhole(state, firstLine, lines);
  const head = headFrom(parse(`${firstLine.slice(0, -1)}}`));
  usable(() => restoreFrom(state, head, itemsFrom(lines)));
}

/** Files of before are one line. */
function restoreWhole(state: State, firstLine: string, rest: Iterable<string>): void {
  const value = parse([firstLine, ...rest].join("\n"));
  checkVersion(value);
  const parsed = SavedWorld.safeParse(value);
  if (!parsed.success) throw damaged(parsed.error, []);
  usable(() => restoreWorld(state, parsed.data));
}

function headFrom(value: unknown): SavedHead {
  checkVersion(value);
  const parsed = SavedHead.safeParse(value);
  if (!parsed.success) throw damaged(parsed.error, []);
  return parsed.data;
}

function checkVersion(value: unknown): void {
  const version = z.object({ version: z.number() }).safeParse(value).data?.version;
  if (version === undefined) throw new UnusableFile("holds no world of an emulator");
  if (version !== savedVersion) throw new UnusableFile(`was written in version ${version}, not ${savedVersion}`);
}

/** The items in the order of the file. A list that files of before don't have is empty; the end has to be there. */
function* itemsFrom(lines: Iterator<string>): Generator<ListItem> {
  const next = (): string => {
    const line = lines.next();
    if (line.done === true) throw new UnusableFile("is torn or no JSON");
    return line.value;
  };
  let opening = next();
  for (const [index, name] of savedListNames.entries()) {
    const isLast = index === savedListNames.length - 1;
    const end = isLast ? "}" : ",";
    if (!opening.startsWith(`"${name}":`)) {
      if (isLast) throw new UnusableFile("is torn or no JSON");
      continue;
    }
    if (opening !== `"${name}":[`) yield* inOneLine(opening, name, end);
    else {
      let number = 0;
      for (let line = next(); line !== `]${end}`; line = next()) {
        yield itemFrom(name, parse(line.endsWith(",") ? line.slice(0, -1) : line), number);
        number += 1;
      }
    }
    if (!isLast) opening = next();
  }
}

/** A list that somebody wrote by hand. */
function* inOneLine(line: string, name: SavedListName, end: string): Generator<ListItem> {
  const start = `"${name}":[`;
  if (!line.startsWith(start) || !line.endsWith(`]${end}`)) throw new UnusableFile("is torn or no JSON");
  const items = parse(line.slice(start.length - 1, -end.length)) as unknown[];
  for (const [number, item] of items.entries()) yield itemFrom(name, item, number);
}

function itemFrom(name: SavedListName, value: unknown, number: number): ListItem {
  const parsed = savedLists[name].safeParse(value);
  if (!parsed.success) throw damaged(parsed.error, [name, number]);
  return { name, item: parsed.data } as ListItem;
}

function damaged(error: z.ZodError, at: PropertyKey[]): UnusableFile {
  const [issue] = error.issues;
  const path = [...at, ...(issue?.path ?? [])].map(String).join(".");
  return new UnusableFile(`is damaged at ${path === "" ? "its root" : path} (${issue?.message ?? "unknown"})`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnusableFile("is torn or no JSON");
  }
}

function usable(restore: () => void): void {
  try {
    restore();
  } catch (error) {
    throw error instanceof UnusableFile ? error : new UnusableFile(`makes no sense: ${(error as Error).message}`);
  }
}

function* readLines(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const decoder = new StringDecoder("utf8");
    const bytes = Buffer.alloc(chunkBytes);
    let rest: string[] = [];
    for (let count = readSync(file, bytes); count > 0; count = readSync(file, bytes)) {
      const [first = "", ...others] = decoder.write(bytes.subarray(0, count)).split("\n");
      rest.push(first);
      if (others.length === 0) continue;
      yield rest.join("");
      rest = [others.pop() ?? ""];
      yield* others;
    }
    const last = rest.join("") + decoder.end();
    if (last !== "") yield last;
  } finally {
    closeSync(file);
  }
}
