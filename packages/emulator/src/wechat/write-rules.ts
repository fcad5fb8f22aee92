import { type DescribedRoute, describeRules } from "./describe-rules.ts";
import type { Rule } from "./rules.ts";

/** The table of rules as a page of Markdown. */
export function writeRules(): string {
  const { routes, rules, errcodes } = describeRules();
  const counted = (certainty: string): string =>
    `${rules.filter((rule) => rule.certainty === certainty).length} are ${certainty}`;
  const all = `${rules.length} rules ${counted("documented")}, ${counted("reported")}`;
  return `# What this emulator keeps to

Made of the code: every call, every limit and behaviour, every code that is answered. Pages are of
developers.weixin.qq.com unless another host is named. Of ${all} by
somebody who met them, ${counted("recalled")}, read nowhere. Numbers and switches can be set for one emulator:
\`PUT /emulator/rules {"<id>": value}\`.

## Calls

${table(["Call", "Does", "Who may", "Limits", "Answers besides the shared codes", "Page"], routes.map(routeRow))}

## Limits and numbers

${table(
  ["Rule", "Says", "Value", "Code", "Certainty", "Source", "Read"],
  rules.filter(({ kind }) => kind !== "switch").map(ruleRow),
)}

## Switches

${table(["Rule", "Says", "Positions, the default first", "Certainty", "Source", "Read"], rules.flatMap(switchRow))}

## Codes

${table(
  ["Code", "Sentence", "Means"],
  errcodes.map(({ errcode, errmsg, meaning, isRecalled }) => [
    String(errcode),
    `\`${errmsg}\``,
    isRecalled ? `${meaning} (its use here is recalled)` : meaning,
  ]),
)}
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function routeRow({ method, path, says, page, may, perDay, perMinute, errcodes }: DescribedRoute): string[] {
  const limits = [perDay === null ? "" : `${perDay} a day`, perMinute === null ? "" : `${perMinute} a minute`];
  return [`\`${method} ${path}\``, says, may, limits.filter(Boolean).join(", "), errcodes.join(", "), page];
}

function ruleRow(rule: Rule): string[] {
  const { id, says, certainty, page, read } = rule;
  if (rule.kind === "limit") {
    const codes = [...new Set([rule.errcode, rule.errcodeBelow])].join(", ");
    return [`\`${id}\``, says, `${rule.min}–${rule.max}`, codes, certainty, page, read];
  }
  return [`\`${id}\``, says, rule.kind === "fact" ? String(rule.value) : "", "", certainty, page, read];
}

function switchRow(rule: Rule): string[][] {
  if (rule.kind !== "switch") return [];
  const positions = Object.entries(rule.positions).map(([name, meaning]) => `\`${name}\`: ${meaning}`);
  return [[`\`${rule.id}\``, rule.says, positions.join("; "), rule.certainty, rule.page, rule.read]];
}
