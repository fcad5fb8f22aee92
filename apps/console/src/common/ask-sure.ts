import type { Question } from "./question.ts";

/** Asks whether somebody is sure. The box is loaded when it is first needed. */
export async function askSure(question: Question): Promise<boolean> {
  const { showQuestion } = await import("./question-box.ts");
  return showQuestion(question);
}
