import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Env } from "../env.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { Exporter } from "./exporter.ts";
import type { Resource } from "./otlp.ts";

/** What sends spans on, as the environment says; undefined where it names no collector. */
export function openTracer(env: Env, log: Logger, metrics: Metrics): Exporter | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = env;
  const url = whole ?? (endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, "")}/v1/traces`);
  if (url === undefined || env.OTEL_SDK_DISABLED || env.OTEL_TRACES_SAMPLER.endsWith("always_off")) return undefined;
  return new Exporter({
    url,
    headers: env.OTEL_EXPORTER_OTLP_HEADERS,
    timeoutMs: env.OTEL_EXPORTER_OTLP_TIMEOUT,
    ratio: env.OTEL_TRACES_SAMPLER.endsWith("traceidratio") ? env.OTEL_TRACES_SAMPLER_ARG : 1,
    resource: resourceOf(env),
    log,
    metrics,
  });
}

function resourceOf(env: Env): Resource {
  return {
    "host.name": hostname(),
    "service.instance.id": randomUUID(),
    "zhanggui.role": env.ROLE,
    ...env.OTEL_RESOURCE_ATTRIBUTES,
    "service.name": env.OTEL_SERVICE_NAME ?? env.OTEL_RESOURCE_ATTRIBUTES["service.name"] ?? "zhanggui",
  };
}
