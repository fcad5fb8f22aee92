import { expect, test } from "vitest";
import { xmlProblem } from "./well-formed.ts";

test.each([
  "<xml></xml>",
  '<?xml version="1.0"?>\n<xml a="1"><b/><c>&lt;&#20320;</c><!-- x --><d><![CDATA[a & <b>]]></d></xml>\n',
])("well-formed: %s", (text) => {
  expect(xmlProblem(text)).toBeNull();
});

test.each([
  ["<xml><a></xml>", "</xml> closes"],
  ["<xml><a>", "<a> isn't closed"],
  ["<xml/><xml/>", "exactly one root"],
  ["", "exactly one root"],
  ["<xml/>tail", "outside the root"],
  ["<xml>a & b</xml>", "& isn't escaped"],
  ["<xml>a < b</xml>", "no markup"],
  ["<xml a=1/>", "broken attributes"],
  ['<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>', "no markup"],
])("not well-formed: %s", (text, problem) => {
  expect(xmlProblem(text)).toContain(problem);
});
