import { createParamDecorator, HttpCode, RequestMapping, RequestMethod, type ExecutionContext } from "@nestjs/common";
import type { HttpMethod, In, Out, Route } from "../../contract/route.ts";
import type { Ctx } from "../ctx.ts";

/** What the pipeline leaves on a request for the handler. */
export interface Prepared {
  readonly ctx: Ctx;
  readonly input: unknown;
}

const prepared = Symbol("zhanggui.prepared");
const routeKey = "zhanggui:route";

interface Carrier {
  [prepared]?: Prepared;
}

export function prepare(request: object, value: Prepared): void {
  (request as Carrier)[prepared] = value;
}

function preparedOf(context: ExecutionContext): Prepared {
  const value = context.switchToHttp().getRequest<Carrier>()[prepared];
  if (value === undefined) throw new Error("the pipeline did not prepare this request");
  return value;
}

const CtxOfRequest = createParamDecorator((_: unknown, context: ExecutionContext) => preparedOf(context).ctx);
const InputOfRequest = createParamDecorator((_: unknown, context: ExecutionContext) => preparedOf(context).input);

const methods: Readonly<Record<HttpMethod, RequestMethod>> = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
};

type Handler<R extends Route> = (ctx: Ctx, input: In<R>) => Promise<Out<R>>;

/**
 * Makes a controller's method the handler of `route`. The compiler checks its input and its reply against the
 * contract; the pipeline does so again at run time.
 */
export function Handles<R extends Route>(route: R) {
  return <T extends Handler<R>>(target: object, key: string, descriptor: TypedPropertyDescriptor<T>): void => {
    RequestMapping({ path: route.path, method: methods[route.method] })(target, key, descriptor);
    HttpCode(200)(target, key, descriptor);
    CtxOfRequest()(target, key, 0);
    InputOfRequest()(target, key, 1);
    if (descriptor.value !== undefined) Reflect.defineMetadata(routeKey, route, descriptor.value);
  };
}

export function routeOf(context: ExecutionContext): Route | undefined {
  return Reflect.getMetadata(routeKey, context.getHandler()) as Route | undefined;
}
