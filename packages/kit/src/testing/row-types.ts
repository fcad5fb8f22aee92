import type pg from "pg";
import { readComment } from "./comments.ts";

/** A table as the generator sees it. */
interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly generated: boolean;
  readonly comment: string | null;
  /** The values that a CHECK (column IN (…)) lets through. */
  readonly values: readonly string[] | null;
}

const scalars: Readonly<Record<string, string>> = {
  uuid: "string",
  text: "string",
  date: "string",
  numeric: "string",
  integer: "number",
  smallint: "number",
  bigint: "number",
  "double precision": "number",
  boolean: "boolean",
  bytea: "Buffer",
  "timestamp with time zone": "Date",
  "text[]": "string[]",
  "uuid[]": "string[]",
  "bytea[]": "Buffer[]",
  jsonb: "unknown",
  // Keeps the order of names.
  json: "unknown",
};

/**
 * The row types of a migrated database, as the text of one file per module: `{ audience: "…" }`.
 *
 * Names are camelCase, as the kit's rows are. `CHECK (x IN (…))` becomes a union; a comment that ends in `{type …}` names
 * the type, of a jsonb column for one. Partitions are left out: they are reached through their table.
 *
 * @param modules the prefixes of tables, which name their modules; one without tables has no text
 * @throws Error for a name that doesn't survive the way to camelCase and back, or a type that nobody has mapped
 */
export async function rowTypes(
  client: pg.ClientBase,
  modules: readonly string[],
): Promise<Record<string, string | undefined>> {
  const columns = await readColumns(client);
  const tables = Map.groupBy(columns, ({ table }) => table);
  return Object.fromEntries(
    modules.map((module) => {
      const own = [...tables].filter(([table]) => table.startsWith(`${module}_`));
      return [module, own.length === 0 ? undefined : fileOf(module, own)] as const;
    }),
  );
}

async function readColumns(client: pg.ClientBase): Promise<Column[]> {
  const { rows } = await client.query<Column>(`
    SELECT c.relname AS "table", a.attname AS "column", format_type(a.atttypid, NULL) AS type,
           NOT a.attnotnull AS nullable, a.atthasdef OR a.attidentity <> '' AS "hasDefault",
           a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
           col_description(c.oid, a.attnum) AS comment,
           (SELECT array_agg(m[1] ORDER BY n)
            FROM pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''([^'']+)''::text', 'g')
              WITH ORDINALITY AS v(m, n)
            WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
              AND pg_get_constraintdef(k.oid) ~ '= ANY \\(ARRAY\\[') AS values
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname, a.attnum`);
  return rows;
}

function fileOf(module: string, tables: readonly [string, readonly Column[]][]): string {
  const name = `${module.charAt(0).toUpperCase()}${module.slice(1)}Tables`;
  const body = tables.map(([table, columns]) => `  ${table}: {\n${columns.map(lineOf).join("")}  };\n`).join("");
  const used = ["Generated", "GeneratedAlways", "Json"].filter((type) => body.includes(`${type}<`));
  const [fromKysely, json] = [used.filter((type) => type !== "Json"), used.includes("Json")];
  const imports = [
    ...(fromKysely.length > 0 ? [`import type { ${fromKysely.join(", ")} } from "kysely";\n`] : []),
    ...(json && module !== "kit" ? [`import type { Json } from "@zhanggui/kit/server/tables";\n`] : []),
    ...importsOf(tables),
  ].toSorted();
  const own = module === "kit" ? "./tables.ts" : "@zhanggui/kit/server/tables";
  return [
    `// Made from the migrations by \`./zg tables\`. Don't edit.\n`,
    ...imports,
    ...(module === "kit" && json ? [`import type { Json } from "./tables.ts";\n`] : []),
    `\nexport interface ${name} {\n${body}}\n\ndeclare module "${own}" {\n  interface Tables extends ${name} {}\n}\n`,
  ].join("");
}

function lineOf(column: Column): string {
  const plain = typeOf(column);
  const isLeftOut = column.hasDefault && !column.nullable;
  const isJson = column.type === "jsonb" || column.type === "json";
  const type = isJson ? jsonOf(plain, column.nullable, isLeftOut) : `${plain}${column.nullable ? " | null" : ""}`;
  const wrapped = column.generated ? `GeneratedAlways<${type}>` : isLeftOut && !isJson ? `Generated<${type}>` : type;
  return `    ${camelCased(column)}: ${wrapped};\n`;
}

function typeOf({ table, column, type, comment, values }: Column): string {
  if (values !== null) return values.map((value) => JSON.stringify(value)).join(" | ");
  const named = readComment(comment).type;
  if (named !== undefined) return named;
  const plain = scalars[type];
  if (plain === undefined) throw new Error(`${table}.${column}: no type of TypeScript for ${type}`);
  return plain;
}

function jsonOf(type: string, nullable: boolean, isLeftOut: boolean): string {
  return `Json<${type}${nullable && type !== "unknown" ? " | null" : ""}${isLeftOut ? ", undefined" : ""}>`;
}

/** The imports of the types that comments name, one a module. */
function importsOf(tables: readonly [string, readonly Column[]][]): string[] {
  const named = tables.flatMap(([, columns]) =>
    columns.flatMap(({ comment }) => {
      const { type = "", from } = readComment(comment);
      return from === undefined ? [] : [{ type: /\w+/.exec(type)?.[0] ?? type, from }];
    }),
  );
  return [...Map.groupBy(named, ({ from }) => from)].map(([from, types]) => {
    const names = [...new Set(types.map(({ type }) => type))].toSorted();
    return `import type { ${names.join(", ")} } from "${from}";\n`;
  });
}

function camelCased({ table, column }: Column): string {
  const camel = column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const back = camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (back !== column || camel.includes("_")) {
    throw new Error(`${table}.${column} has no camelCase name that leads back to it`);
  }
  return camel;
}
