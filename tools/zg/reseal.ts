import { randomBytes } from "node:crypto";
import { exclusively } from "../lock.ts";
import { runVisibly } from "./commands.ts";
import { openEmbedded } from "./database.ts";
import { defaultPort } from "./arguments.ts";
import { inRoot, inState } from "./paths.ts";
import { portsFrom } from "./ports.ts";
import { Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { keepSecrets, writeSecrets } from "./secrets.ts";
import { build, setUp } from "./setup.ts";
import { serverEnvironment, startLock } from "./start.ts";

const command = ["--enable-source-maps", inRoot("apps/server/dist/main.js"), "reseal"];

/**
 * Seals the database's secrets anew with the first of SECRET_KEYS. For the embedded database, whose key is this
 * checkout's own, it makes a new key first, and forgets the old one when nothing needs it any more.
 */
export async function reseal(progress: Progress): Promise<number> {
  await setUp(progress);
  await build(progress);
  if (process.env["DATABASE_URL"]) return runVisibly(process.execPath, command);
  const onWait = (holder: number) => {
    throw new Problem(`Zhanggui runs from this checkout (process ${holder}), with the old key: ./zg stop, then again.`);
  };
  return exclusively(startLock, { waitMs: 10_000, onWait }, async () => {
    const database = await openEmbedded({ empty: false });
    try {
      const file = inState("secrets.json");
      const secrets = await keepSecrets(file);
      const secretKey = randomBytes(32).toString("base64");
      // Both are kept before the first secret is sealed with the new one: a run that is broken off loses none.
      const both = { ...secrets, secretKey: `${secretKey},${secrets.secretKey}` };
      await writeSecrets(file, both);
      const code = await runVisibly(
        process.execPath,
        command,
        serverEnvironment(portsFrom(defaultPort), both, database.url),
      );
      if (code === 0) await writeSecrets(file, { ...secrets, secretKey });
      return code;
    } finally {
      await database.cluster?.stop();
    }
  });
}
