import { styleText } from "node:util";
import { describeError } from "./problem.ts";

export interface Progress {
  /** Runs one step and shows it on one line with its seconds, and with what `work` returns (a short remark). */
  step<R>(name: string, work: (remark: (text: string) => void) => Promise<R>): Promise<R>;
  /** Prints a line of its own. */
  say(line: string): void;
}

const nameWidth = 14;

/**
 * Writes to `output`. On a terminal the running step's line counts its seconds; elsewhere a line appears when it ends.
 */
export function createProgress(output: NodeJS.WriteStream): Progress {
  const live = output.isTTY === true;
  const colour = (style: "green" | "red" | "dim", text: string) => (live ? styleText(style, text) : text);
  const line = (mark: string, name: string, startedMs: number, remark: string) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
    return `${mark} ${name.padEnd(nameWidth)}${seconds} s  ${colour("dim", remark)}`.trimEnd();
  };
  return {
    async step(name, work) {
      const startedMs = performance.now();
      let remark = "";
      const show = () => output.write(`\r\u001b[K${line("…", name, startedMs, remark)}`);
      const timer = live ? setInterval(show, 1000) : undefined;
      if (live) show();
      const end = (mark: string) => {
        clearInterval(timer);
        output.write(`${live ? "\r\u001b[K" : ""}${line(mark, name, startedMs, remark)}\n`);
      };
      try {
        const result = await work((text) => {
          remark = text;
        });
        end(colour("green", "✓"));
        return result;
      } catch (error) {
        remark = describeError(error).split("\n", 1)[0] ?? "";
        end(colour("red", "✗"));
        throw error;
      }
    },
    say(text) {
      output.write(`${live ? "\r\u001b[K" : ""}${text}\n`);
    },
  };
}
