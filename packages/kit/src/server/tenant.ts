import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  IdentifierNode,
  AliasNode,
  JoinNode,
  OperationNodeTransformer,
  OperatorNode,
  ReferenceNode,
  TableNode,
  ValueNode,
  WhereNode,
  type DeleteQueryNode,
  type InsertQueryNode,
  type Kysely,
  type KyselyPlugin,
  type OperationNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryId,
  type QueryResult,
  type RawNode,
  type RootOperationNode,
  type SelectQueryNode,
  type Transaction,
  type UnknownRow,
  type UpdateQueryNode,
  type WithNode,
} from "kysely";
import type { Tables } from "./tables.ts";

const column = "tenant_id";

/**
 * Holds every query of a ctx inside its tenant. The author of a query can't forget the filter, because it isn't the
 * author's to write: each table gets `tenant_id = …` in WHERE, and each joined table in its ON (so that a left join
 * stays one). Inserts must carry the tenant's own id, and conflicts must be told apart by keys that hold it.
 *
 * What can't be held inside is refused: raw SQL that names tables, as a query or as a part of one; right, full and
 * cross joins; tables of a named schema; MERGE and schema changes. What would go round this plugin is taken away by
 * `hold`.
 */
export class TenantPlugin implements KyselyPlugin {
  readonly #tenantId: string;
  readonly #platformTables: ReadonlySet<string>;

  constructor(tenantId: string, platformTables: ReadonlySet<string>) {
    this.#tenantId = tenantId;
    this.#platformTables = platformTables;
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    // A new one per query: it keeps a stack of where it is, which a refused query would leave behind.
    return new TenantTransformer(this.#tenantId, this.#platformTables).begin(args.node, args.queryId);
  }

  async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return args.result;
  }
}

/** Words that bring rows into a query. */
const bringsInRows = /\b(select|from|join|table|into|update|delete|truncate)\b/i;
const narrowedByOn: ReadonlySet<string> = new Set(["InnerJoin", "LeftJoin", "LateralInnerJoin", "LateralLeftJoin"]);
const held = new Set(["SelectQueryNode", "InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode"]);

/** Ways out of a Kysely with its plugins: another set of plugins, another connection, a query compiled elsewhere. */
const waysOut = [
  "connection",
  "executeQuery",
  "startTransaction",
  "transaction",
  "withPlugin",
  "withSchema",
  "withTables",
  "withoutPlugins",
] as const satisfies readonly (keyof Transaction<Tables>)[];

/** What a ctx shows of `db`: the same, with the ways out closed; transactions are `ctx.tx`'s to open. */
export function hold<Db extends Kysely<Tables>>(db: Db): Db {
  return new Proxy(db, {
    get(target, name) {
      if (waysOut.some((way) => way === name)) {
        throw new Error(`ctx.db.${String(name)} would leave the tenant; see kit/server/tenant.ts`);
      }
      const value: unknown = Reflect.get(target, name, target);
      // Kysely keeps private fields, which only the object itself may read.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

class TenantTransformer extends OperationNodeTransformer {
  readonly #tenantId: string;
  readonly #platformTables: ReadonlySet<string>;

  constructor(tenantId: string, platformTables: ReadonlySet<string>) {
    super();
    this.#tenantId = tenantId;
    this.#platformTables = platformTables;
  }

  begin(node: RootOperationNode, queryId: QueryId): RootOperationNode {
    if (!held.has(node.kind)) throw new Error(`a ${node.kind} can't be held inside a tenant; see kit/server/tenant.ts`);
    return this.transformNode(node, queryId);
  }

  /** What the author writes as SQL can compute, but not bring in rows of its own. */
  protected override transformRaw(node: RawNode, queryId: QueryId): RawNode {
    const text = node.sqlFragments.join(" ? ");
    if (bringsInRows.test(text))
      throw new Error(`raw SQL that names its own tables can't be held inside a tenant: ${text}`);
    return super.transformRaw(node, queryId);
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId: QueryId): SelectQueryNode {
    const scope = this.#commonTables(node.with);
    const predicates = this.#predicates(node.from?.froms ?? [], scope);
    const inner = super.transformSelectQuery(node, queryId);
    return { ...inner, ...this.#narrowed(inner, predicates, scope) };
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId: QueryId): UpdateQueryNode {
    const scope = this.#commonTables(node.with);
    const tables = [...(node.table === undefined ? [] : [node.table]), ...(node.from?.froms ?? [])];
    const predicates = this.#predicates(tables, scope);
    if (node.updates?.some((update) => columnName(update.column) === column)) {
      throw new Error("a row can't be moved to another tenant");
    }
    const inner = super.transformUpdateQuery(node, queryId);
    return { ...inner, ...this.#narrowed(inner, predicates, scope) };
  }

  protected override transformDeleteQuery(node: DeleteQueryNode, queryId: QueryId): DeleteQueryNode {
    const scope = this.#commonTables(node.with);
    const predicates = this.#predicates([...node.from.froms, ...(node.using?.tables ?? [])], scope);
    const inner = super.transformDeleteQuery(node, queryId);
    return { ...inner, ...this.#narrowed(inner, predicates, scope) };
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId: QueryId): InsertQueryNode {
    const inner = super.transformInsertQuery(node, queryId);
    const name = tableName(node.into);
    if (name === undefined || this.#platformTables.has(name)) return inner;
    this.#demandOwnRows(node, name);
    const target = node.onConflict;
    const keys = target?.columns?.map((key) => key.column.name);
    if (target?.updates?.some((update) => columnName(update.column) === column)) {
      throw new Error(`insert into ${name}: a row can't be moved to another tenant`);
    }
    if (target?.updates !== undefined && !keys?.includes(column)) {
      throw new Error(`insert into ${name}: ON CONFLICT … DO UPDATE must name a key that holds ${column}`);
    }
    return inner;
  }

  #demandOwnRows(node: InsertQueryNode, name: string): void {
    const position = node.columns?.findIndex((each) => each.column.name === column) ?? -1;
    const values = node.values;
    if (values?.kind !== "ValuesNode") throw new Error(`insert into ${name}: rows must be given as values`);
    for (const row of (values as OperationNode & { values: readonly OperationNode[] }).values) {
      const list = (row as OperationNode & { values?: readonly unknown[] }).values ?? [];
      const cell = list[position];
      const value = cell !== null && typeof cell === "object" && "value" in cell ? cell.value : cell;
      if (value !== this.#tenantId) throw new Error(`insert into ${name}: ${column} must be the ctx's own tenant`);
    }
  }

  /** WHERE for the tables of FROM, ON for the joined ones. */
  #narrowed(
    node: SelectQueryNode | UpdateQueryNode | DeleteQueryNode,
    predicates: readonly OperationNode[],
    scope: ReadonlySet<string>,
  ): { where?: WhereNode; joins?: readonly JoinNode[] } {
    const [first, ...rest] = predicates;
    const narrowed: { where?: WhereNode; joins?: readonly JoinNode[] } = {};
    if (first !== undefined) {
      const own = rest.reduce((a, b) => AndNode.create(a, b), first);
      narrowed.where =
        node.where === undefined ? WhereNode.create(own) : WhereNode.cloneWithOperation(node.where, "And", own);
    }
    if (node.joins !== undefined) {
      narrowed.joins = node.joins.map((join) => {
        // In these the ON decides what is matched, not what is seen: the other side's rows would come anyway.
        if (!narrowedByOn.has(join.joinType)) throw new Error(`a ${join.joinType} can't be held inside a tenant`);
        return this.#predicates([join.table], scope).reduce<JoinNode>(
          (each, own) => JoinNode.cloneWithOn(each, own),
          join,
        );
      });
    }
    return narrowed;
  }

  #predicates(tables: readonly OperationNode[], scope: ReadonlySet<string>): OperationNode[] {
    return tables.flatMap((node) => {
      const alias = AliasNode.is(node) ? node.alias : undefined;
      const source = AliasNode.is(node) ? node.node : node;
      if (source.kind === "SelectQueryNode") return [];
      const name = tableName(source);
      if (TableNode.is(source) && source.table.schema !== undefined) {
        throw new Error(`a table of a named schema can't be held inside a tenant`);
      }
      if (name === undefined) throw new Error(`a ${source.kind} as a table can't be held inside a tenant`);
      if (scope.has(name) || this.#platformTables.has(name)) return [];
      const shown = alias !== undefined && IdentifierNode.is(alias) ? alias.name : name;
      const reference = ReferenceNode.create(ColumnNode.create(column), TableNode.create(shown));
      return [BinaryOperationNode.create(reference, OperatorNode.create("="), ValueNode.create(this.#tenantId))];
    });
  }

  /** Names given by WITH: here and, as nested queries may use them too, further in. */
  #commonTables(node: WithNode | undefined): ReadonlySet<string> {
    const outer = this.nodeStack.flatMap((each) => ("with" in each ? namesOf(each.with as WithNode | undefined) : []));
    const names = [...outer, ...namesOf(node)];
    // Inside a WITH its own name still means the table. All tables have a `_` in their name, so a WITH has none.
    const tableLike = names.find((name) => name.includes("_"));
    if (tableLike !== undefined) throw new Error(`a WITH can't be named ${tableLike}: that could be a table`);
    return new Set(names);
  }
}

function namesOf(node: WithNode | undefined): string[] {
  return node?.expressions.map((each) => each.name.table.table.identifier.name) ?? [];
}

function tableName(node: OperationNode | undefined): string | undefined {
  return node !== undefined && TableNode.is(node) ? node.table.identifier.name : undefined;
}

function columnName(node: OperationNode): string | undefined {
  return ColumnNode.is(node) ? node.column.name : undefined;
}
