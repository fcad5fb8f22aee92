import { languages } from "@zhanggui/kit/contract/text";

// Tests see what is behind the login, in both languages. Those that run without a page have no words to show.
if ("document" in globalThis) {
  const { loadWords } = await import("./common/language.ts");
  for (const language of languages) await loadWords(language);
}
