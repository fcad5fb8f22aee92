import { randomInt } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { proofNeeded } from "@zhanggui/kit/contract/faults";
import type { Challenge } from "@zhanggui/kit/contract/proof";
import type { ProofOfWork } from "@zhanggui/kit/server/http/proof-of-work";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { createChallenge, verifySolution } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import { z } from "zod";
import { SettingsService } from "../settings/settings.service.ts";
import { proofAfterFailures, proofTries } from "./codes.settings.ts";

const algorithm = "PBKDF2/SHA-256";
/** Iterations of one try: some 0.6 ms where a processor does it, whether in a browser or in a program. */
const cost = 2000;
/** Long enough for a form that is filled in slowly. */
const validSeconds = 600;
const longestProof = 4000;
const prunedAtOnce = 1000;

/** What a proof says, as far as it is looked at before its signature is known to be ours. */
const Proof = z.object({
  challenge: z.object({
    parameters: z.looseObject({ nonce: z.string().regex(/^[0-9a-f]{32}$/), expiresAt: z.int() }),
    signature: z.string(),
  }),
  solution: z.object({ counter: z.int(), derivedKey: z.string() }),
});
type Given = z.output<typeof Proof>;

/**
 * Proofs of work (ALTCHA 2). The challenge names a key's first half; whoever finds the counter that leads to it
 * has tried half of them on average, and what they send is checked by one HMAC. The server keeps nothing until a proof
 * comes: then its nonce, so that it is good once in all processes.
 */
@Injectable()
export class Proofs implements ProofOfWork {
  readonly #outcomes;

  constructor(
    private readonly runtime: Runtime,
    private readonly settings: SettingsService,
  ) {
    this.#outcomes = runtime.metrics.counter({
      name: "zg_proofs_of_work_total",
      help: "Proofs of work that were due, by what came of them",
      labels: ["outcome"],
    });
  }

  async challenge(): Promise<Challenge> {
    const { log, clock, secrets } = this.runtime;
    const tries = await this.settings.ofPlatform({ log }, proofTries);
    const made = await createChallenge({
      algorithm,
      cost,
      deriveKey,
      // Between once and twice the setting: nobody waits for the tail of a lottery.
      counter: tries + randomInt(tries),
      expiresAt: Math.floor(clock.now().getTime() / 1000) + validSeconds,
      ...secretsOf(secrets.keysFor("codes.proof")[0], secrets.keysFor("codes.proof_key")[0]),
    });
    const { parameters, signature = "" } = made;
    return { parameters: { ...parameters }, signature };
  }

  /** @throws Fault `kit.proof_needed` */
  async demand(proof: string | undefined): Promise<void> {
    const outcome = await this.#outcomeOf(proof);
    this.#outcomes.add({ outcome });
    if (outcome !== "taken") throw proofNeeded({ reason: outcome, challenge: await this.challenge() });
  }

  /** @throws Fault `kit.proof_needed` */
  async demandAfter(failures: number, proof: string | undefined): Promise<void> {
    const allowed = await this.settings.ofPlatform({ log: this.runtime.log }, proofAfterFailures);
    if (allowed > 0 && failures >= allowed) await this.demand(proof);
  }

  async #outcomeOf(text: string | undefined): Promise<"taken" | "missing" | "wrong" | "expired" | "used"> {
    if (text === undefined) return "missing";
    const given = readProof(text);
    if (given === undefined) return "wrong";
    const { nonce, expiresAt } = given.challenge.parameters;
    // By the server's clock: the library looks at the machine's, too.
    if (expiresAt * 1000 <= this.runtime.clock.now().getTime()) return "expired";
    if (!(await this.#isSolved(given))) return "wrong";
    const taken = await this.runtime
      .unscopedDb()
      .insertInto("codes_proof")
      .values({ nonce, expiresAt: new Date(expiresAt * 1000) })
      .onConflict((on) => on.doNothing())
      .returning("nonce")
      .executeTakeFirst();
    return taken === undefined ? "used" : "taken";
  }

  /** By any key of the ring: it may have been changed while somebody solved. */
  async #isSolved({ challenge, solution }: Given): Promise<boolean> {
    const { secrets } = this.runtime;
    const keys = secrets.keysFor("codes.proof_key");
    const checks = secrets.keysFor("codes.proof").map((key, index) =>
      verifySolution({
        challenge: challenge as never,
        solution,
        deriveKey,
        ...secretsOf(key, keys[index]),
      }),
    );
    return (await Promise.all(checks)).some(({ verified }) => verified);
  }

  /** What is over by its own time needn't be remembered. */
  async prune(): Promise<void> {
    const now = this.runtime.clock.now();
    for (let gone = prunedAtOnce; gone === prunedAtOnce;) {
      const rows = await this.runtime.ownerTransaction((trx) =>
        trx.query(
          `DELETE FROM codes_proof WHERE nonce IN (
             SELECT nonce FROM codes_proof WHERE expires_at <= $1 ORDER BY expires_at LIMIT ${prunedAtOnce})
           RETURNING nonce`,
          [now],
        ),
      );
      gone = rows.length;
    }
  }
}

function secretsOf(signature = "", key = "") {
  return { hmacSignatureSecret: signature, hmacKeySignatureSecret: key };
}

function readProof(text: string): Given | undefined {
  if (text.length > longestProof) return undefined;
  try {
    const parsed = Proof.safeParse(JSON.parse(Buffer.from(text, "base64").toString("utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
