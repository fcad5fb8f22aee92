import type { FastifyRequest } from "fastify";
import { proofHeader } from "../../contract/proof.ts";
import type { Route } from "../../contract/route.ts";
import { extensionPoint, type Extensions } from "../extensions.ts";

/** Given by the module that sets challenges and knows which of them were solved already. */
export interface ProofOfWork {
  /** @throws Fault `kit.proof_needed` with a new challenge for a proof that lacks, is wrong, late or was used before */
  demand(proof: string | undefined): Promise<void>;
  /**
   * The same, once so many things of a kind have gone wrong from where somebody calls as its setting allows.
   *
   * @param proof looked at only then: nobody's proof is used up for nothing
   */
  demandAfter(failures: number, proof: string | undefined): Promise<void>;
}
export const proofOfWork = extensionPoint<ProofOfWork>("kit.proof_of_work");

/** What a call brought. */
export function proofIn({ headers }: FastifyRequest): string | undefined {
  const given = headers[proofHeader];
  return typeof given === "string" ? given : undefined;
}

/** @throws Fault `kit.proof_needed` for a route that asks everybody for one */
export async function demandProof(route: Route, request: FastifyRequest, extensions: Extensions): Promise<void> {
  if (route.proofOfWork !== "always") return;
  const [checker] = extensions.of(proofOfWork);
  if (checker === undefined) throw new Error(`nobody checks the proofs that ${route.id} asks for`);
  await checker.value.demand(proofIn(request));
}
