/** What zod's shapes have, and JSON Schema hasn't. */
const zodOnly = new Set(
  (
    "parse safeParse parseAsync safeParseAsync spa shape def _def _zod unwrap element extend safeExtend pick omit " +
    "partial required keyof refine superRefine transform pipe optional nullable nullish toJSONSchema"
  ).split(" "),
);
/** Who has a `parse` of their own. */
const others = new Set(["JSON", "Date", "URL"]);
/** Names that anything may have; on what comes from a contract they are zod's. */
const common = new Set("element required extend pick omit partial optional transform pipe def".split(" "));

const rootOf = (node) =>
  node.type === "MemberExpression" || node.type === "ChainExpression" ? rootOf(node.object ?? node.expression) : node;

/**
 * In browsers contracts are data (`kit/contract/data.ts`), although their types are zod's: the compiler lets through
 * what isn't there at run time.
 */
export const contractsAreData = {
  meta: { type: "problem" },
  create(context) {
    const imported = new Set();
    const report = (node, what) =>
      context.report({
        node,
        message: `${what}: in browsers contracts are data. schemaOf() tells what a shape takes.`,
      });
    return {
      ImportDeclaration(node) {
        if (node.importKind === "type") return;
        const values = node.specifiers.filter((each) => each.importKind !== "type");
        if (node.source.value === "zod" && (values.length > 0 || node.specifiers.length === 0)) report(node, "zod");
        if (node.source.value.endsWith(".contract")) for (const each of values) imported.add(each.local.name);
      },
      CallExpression({ callee }) {
        if (callee.type === "Identifier" && imported.has(callee.name)) report(callee, `${callee.name}()`);
      },
      MemberExpression(node) {
        const { object, property, computed } = node;
        if (computed || !zodOnly.has(property.name)) return;
        const root = rootOf(object);
        const isContracts = root.type === "Identifier" && imported.has(root.name);
        if (isContracts || !(common.has(property.name) || others.has(object.name)))
          report(property, `.${property.name}`);
      },
    };
  },
};
