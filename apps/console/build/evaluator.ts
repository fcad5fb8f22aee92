import { Worker } from "node:worker_threads";
import type { Answer, Task } from "./evaluate.ts";

interface Waiting {
  readonly resolve: (code: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Turns files of the house into modules of data, by running them as Node does. A thread does it: a process never
 * loads a file again: after a change the next thread sees the new one.
 */
export class Evaluator {
  #thread: Worker | undefined;
  #waiting = new Map<number, Waiting>();
  #last = 0;

  /** @throws what the file throws when it is loaded, naming it */
  run(task: Task): Promise<string> {
    this.#thread ??= this.#start();
    const id = ++this.#last;
    const answer = new Promise<string>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#thread.ref();
    this.#thread.postMessage({ id, task });
    return answer.catch((error: unknown) => {
      throw new Error(`${task.file}: ${(error as Error).message}`, { cause: error });
    });
  }

  /** To be called when a file has changed. */
  async forget(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(new URL("./evaluate.ts", import.meta.url));
    const waiting = new Map<number, Waiting>();
    this.#waiting = waiting;
    thread.on("message", ({ id, code, error }: Answer & { readonly id: number }) => {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (code === undefined) asked?.reject(new Error(error));
      else asked?.resolve(code);
      // Whoever builds may end as soon as nothing is asked any more.
      if (waiting.size === 0) thread.unref();
    });
    const fail = (error: Error): void => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    thread.on("error", fail);
    thread.on("exit", () => fail(new Error("its thread ended")));
    return thread;
  }
}
