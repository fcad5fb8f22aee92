import { proofOf, type Challenge } from "@zhanggui/kit/contract/proof";
import { inLanguage } from "./language.ts";

const checking = { zh: "正在进行安全验证，请稍候…", en: "A security check is running, one moment…" };
/** No style sheet of its own: the login would have to name it. */
const place = {
  position: "fixed",
  bottom: "24px",
  left: "50%",
  transform: "translateX(-50%)",
  padding: "8px 16px",
  background: "var(--surface)",
  border: "1px solid var(--line)",
  borderRadius: "8px",
};
const solver = "/proof.js";

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(url: string): string };
}
/** Made once: the page's policy lets nobody make a second one of that name. It leads to this one file. */
const policy = (globalThis as { trustedTypes?: Policies }).trustedTypes?.createPolicy("proof", {
  createScriptURL: () => solver,
});

interface Solved {
  readonly solution?: { readonly counter: number; readonly derivedKey: string };
  readonly error?: string;
}

/** Solves what the server sets, in a worker, and says meanwhile what people wait for. */
export async function prove(challenge: Challenge): Promise<string> {
  const note = document.createElement("p");
  Object.assign(note.style, place);
  note.setAttribute("role", "status");
  document.body.append(note);
  note.textContent = inLanguage(checking);
  const worker = new Worker(policy?.createScriptURL(solver) ?? solver);
  try {
    const { solution, error } = await new Promise<Solved>((resolve, reject) => {
      worker.addEventListener("message", ({ data }: MessageEvent<Solved>) => resolve(data));
      worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      worker.postMessage({ challenge });
    });
    if (solution === undefined) throw new Error(error);
    return proofOf(challenge, solution);
  } finally {
    worker.terminate();
    note.remove();
  }
}
