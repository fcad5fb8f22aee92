/** What the second step of a sign-in is called, wherever it is asked for or set up. */
export const codeWords = {
  title: { zh: "两步验证", en: "Two-step sign-in" },
  code: { zh: "验证码", en: "Code" },
  hint: {
    zh: "验证器应用中的 6 位数字，或一个恢复码。",
    en: "The six digits of your authenticator app, or a recovery code.",
  },
};
