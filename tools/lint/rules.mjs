// Rules that no linter brings: a plugin for oxlint, in its ESLint-like form.
import { contractsAreData } from "./contracts-are-data.mjs";

/** The names that a file imports as types only: `import type { A }` and `import { type A }`. */
function typeOnlyNames(program) {
  const names = new Map();
  for (const statement of program.body) {
    if (statement.type !== "ImportDeclaration") continue;
    for (const specifier of statement.specifiers) {
      if (statement.importKind === "type" || specifier.importKind === "type")
        names.set(specifier.local.name, specifier);
    }
  }
  return names;
}

/** The identifier that the decorators' metadata would name for a constructor's parameter, or undefined. */
function injectedType(parameter) {
  const inner = parameter.type === "TSParameterProperty" ? parameter.parameter : parameter;
  // With @Inject(TOKEN) Nest asks the token, not the type.
  if ((parameter.decorators ?? []).length > 0 || (inner.decorators ?? []).length > 0) return undefined;
  const annotation = inner.typeAnnotation?.typeAnnotation;
  if (annotation?.type !== "TSTypeReference" || annotation.typeName.type !== "Identifier") return undefined;
  return annotation.typeName;
}

const injectedClassIsAValue = {
  meta: { type: "problem" },
  create(context) {
    let typesOnly = new Map();
    const checkClass = (node) => {
      if ((node.decorators ?? []).length === 0) return;
      const constructor = node.body.body.find(
        (member) => member.type === "MethodDefinition" && member.kind === "constructor",
      );
      for (const parameter of constructor?.value.params ?? []) {
        const type = injectedType(parameter);
        if (!type || !typesOnly.has(type.name)) continue;
        const message =
          `Nest injects ${type.name} by its class, and a type-only import leaves none at run time: ` +
          "import it without `type`.";
        context.report({ node: type, message });
      }
    };
    return {
      Program(program) {
        typesOnly = typeOnlyNames(program);
      },
      ClassDeclaration: checkClass,
      ClassExpression: checkClass,
    };
  },
};

const noForwardRef = {
  meta: { type: "problem" },
  create(context) {
    return {
      ImportSpecifier(node) {
        if (node.imported.name !== "forwardRef") return;
        const message = "forwardRef hides a cycle: turn one direction into an event.";
        context.report({ node, message });
      },
    };
  },
};

export default {
  meta: { name: "zhanggui" },
  rules: {
    "contracts-are-data": contractsAreData,
    "injected-class-is-a-value": injectedClassIsAValue,
    "no-forward-ref": noForwardRef,
  },
};
