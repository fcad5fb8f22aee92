/** A webhook is smaller than this, as Standard Webhooks 1.0.0 recommends. */
const webhookBytes = 20_000;
/** A broker closes the channel on what is too large for it (16 MiB for RabbitMQ 4), and would do so again and again. */
const relayedBytes = 1024 * 1024;

export interface SentEvent {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
  readonly occurredAt: Date;
}

/** What a webhook says of an event; in place of what is too large, where it can be fetched. */
export function webhookOf(event: SentEvent, publicUrl: string): string {
  return within(webhookBytes, event, publicUrl);
}

/** The same for RabbitMQ, which takes more. */
export function relayedOf(event: SentEvent, publicUrl: string): string {
  return within(relayedBytes, event, publicUrl);
}

function within(mostBytes: number, { id, name, payload, occurredAt }: SentEvent, publicUrl: string): string {
  const head = { type: name, timestamp: occurredAt.toISOString() };
  const whole = JSON.stringify({ ...head, data: payload });
  if (Buffer.byteLength(whole) < mostBytes) return whole;
  return JSON.stringify({ ...head, reference: { eventId: id, url: `${publicUrl}/api/events/${id}` } });
}
