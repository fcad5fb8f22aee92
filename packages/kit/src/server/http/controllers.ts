import { Controller, HttpCode, Inject, RequestMapping, RequestMethod, Req, Res, type Type } from "@nestjs/common";
import { MetadataScanner, ModulesContainer } from "@nestjs/core";
import { type NestFastifyApplication, RouteConfig } from "@nestjs/platform-fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { moduleOf, pathOf, type Contract, type HttpMethod } from "../../contract/route.ts";
import { Routes } from "./routes.ts";

const methods: Readonly<Record<HttpMethod, RequestMethod>> = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
};

type Method = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const contracted = Symbol("zhanggui.contracted");

/** Makes the Nest controller of a contract: one method per route, named like it, so that stack traces name both. */
export function controllerOf(contract: Contract): Type {
  const controller = named(`${pascalCase(moduleOf(contract))}Controller`, (routes: Routes) => ({ routes }));
  for (const [key, route] of Object.entries(contract)) {
    const method = {
      [key](this: { routes: Routes }, request: FastifyRequest, reply: FastifyReply): Promise<void> {
        return this.routes.serve(route, request, reply);
      },
    }[key] as Method;
    const prototype = controller.prototype as object;
    const descriptor: TypedPropertyDescriptor<Method> = { value: method, configurable: true, writable: true };
    Object.defineProperty(prototype, key, descriptor);
    RequestMapping({ path: pathOf(route), method: methods[route.method] })(prototype, key, descriptor);
    RouteConfig({ contract: route })(prototype, key, descriptor);
    HttpCode(200)(prototype, key, descriptor);
    Req()(prototype, key, 0);
    // With the response in hand a method answers by itself, and Nest adds nothing.
    Res()(prototype, key, 1);
    Reflect.defineMetadata(contracted, true, method);
  }
  Inject(Routes)(controller, undefined, 0);
  Controller()(controller);
  return controller;
}

/** @throws Error naming every controller's method that answers requests without a contract */
export function assertEveryMethodHasAContract(app: NestFastifyApplication): void {
  const scanner = new MetadataScanner();
  const without: string[] = [];
  for (const { controllers } of app.get(ModulesContainer).values()) {
    for (const { metatype, name } of controllers.values()) {
      const prototype = (metatype as Type | null)?.prototype as Record<string, object> | undefined;
      for (const method of scanner.getAllMethodNames(prototype ?? null)) {
        const handler = prototype?.[method] ?? {};
        if (Reflect.hasMetadata("path", handler) && !Reflect.hasMetadata(contracted, handler))
          without.push(`${name}.${method}`);
      }
    }
  }
  if (without.length > 0) throw new Error(`no contract describes ${without.join(", ")}; bind routes in defineModule()`);
}

/** A class that is called `name` wherever it is shown. */
export function named(name: string, construct: (...given: never[]) => object): Type {
  const made = {
    [name]: class {
      constructor(...given: never[]) {
        Object.assign(this, construct(...given));
      }
    },
  }[name];
  return made as unknown as Type;
}

export function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
