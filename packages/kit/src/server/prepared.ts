import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type CompiledQuery,
  DeleteQueryNode,
  InsertQueryNode,
  type OperationNode,
  OperatorNode,
  ReferenceNode,
  SelectQueryNode,
  UpdateQueryNode,
  ValueNode,
  type WhereNode,
} from "kysely";
import { LruMap } from "./lru.ts";
import { isStalePlan } from "./sql-state.ts";

/** As many texts are remembered; what was used least recently goes first. */
const textsKept = 1_000;
/**
 * Of a statement with more values each number of rows makes another text, and its plan costs PostgreSQL a megabyte on
 * every connection: 250 inserts of a thousand rows would take 160 MB of each.
 */
const mostValues = 100;
let names = 0;
/** What a longer text is parsed into takes more of each connection's memory than parsing it again takes time. */
const longestReplanned = 1_000;
/** How a query of a ctx is prepared. */
export interface Preparation {
  /** None for one that is parsed each time. */
  readonly name: string | undefined;
  /** Its text is parsed once, but a plan is made each time. */
  readonly replans: boolean;
}
const seenOnce: Preparation = { name: undefined, replans: false };
const parsedEachTime: Preparation = { name: undefined, replans: false };
const known = new LruMap<string, Preparation>(textsKept);

/**
 * How a query of a ctx is prepared, once it comes again. A plan that is kept was made with one tenant's figures and
 * serves the others too, so only those are kept that have no choice: inserts of values, and whatever finds its row of
 * one table by `id`. Of others, what they are parsed into is kept, the policies of row-level security included.
 */
export function preparationOf({ sql, query, parameters }: CompiledQuery): Preparation {
  if (parameters.length > mostValues) return parsedEachTime;
  const found = known.get(sql);
  if (found === undefined) known.set(sql, seenOnce);
  else if (found === seenOnce) known.set(sql, prepare(sql, query));
  return found ?? seenOnce;
}

function prepare(sql: string, query: CompiledQuery["query"]): Preparation {
  const replans = !hasOnePlan(query);
  if (replans && sql.length > longestReplanned) return parsedEachTime;
  return { name: `zg_of_ctx_${++names}`, replans };
}

/**
 * After a migration, `SELECT *` of a changed table can't be run as it was prepared: every connection prepares anew, so
 * that each process meets this once. True if `error` said so; nothing was done then.
 */
export function forgetStalePlans(error: unknown): boolean {
  if (!isStalePlan(error)) return false;
  known.clear();
  return true;
}

function hasOnePlan(query: CompiledQuery["query"]): boolean {
  if (InsertQueryNode.is(query)) return query.values?.kind === "ValuesNode" && isPlain(query);
  if (UpdateQueryNode.is(query)) return query.from === undefined && findsById(query.where) && isPlain(query);
  if (!SelectQueryNode.is(query) && !DeleteQueryNode.is(query)) return false;
  return query.from?.froms.length === 1 && findsById(query.where) && isPlain(query);
}

/** Whether one of the conditions that must all hold is `id = $n`. */
function findsById(where: WhereNode | undefined): boolean {
  const open: (OperationNode | undefined)[] = [where?.where];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (AndNode.is(node)) open.push(node.left, node.right);
    else if (BinaryOperationNode.is(node) && isIdEquals(node)) return true;
  }
  return false;
}

function isIdEquals({ leftOperand, operator, rightOperand }: BinaryOperationNode): boolean {
  if (!ReferenceNode.is(leftOperand) || !ColumnNode.is(leftOperand.column)) return false;
  const isEquals = OperatorNode.is(operator) && operator.operator === "=";
  return isEquals && ValueNode.is(rightOperand) && leftOperand.column.column.name === "id";
}

/** Neither a second table nor SQL by hand, whose plan would have to be chosen. */
const manyPlans = new Set(["RawNode", "SelectQueryNode", "JoinNode", "WithNode", "UsingNode", "SetOperationNode"]);

function isPlain(root: OperationNode): boolean {
  const open = partsOf(root);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (manyPlans.has(node.kind)) return false;
    // What follows is data, not SQL.
    if (node.kind !== "ValueNode" && node.kind !== "PrimitiveValueListNode") open.push(...partsOf(node));
  }
  return true;
}

function partsOf(node: OperationNode): OperationNode[] {
  return Object.values(node)
    .flat()
    .filter((part): part is OperationNode => typeof part === "object" && part !== null && "kind" in part);
}
