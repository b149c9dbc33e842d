/** Bodies that nobody looks into: of services without a contract, passed on whole. */

/** A body that was received to its end and is kept aside until it is handed on or dropped. */
export interface KeptBody {
  readonly bytes: number
  /** SHA-256(salt ‖ body), base64url, as records have it. */
  readonly digest: string
  /** Its bytes, any number of times. Rejects before the last of them where they are not those that were kept. */
  read(): AsyncIterable<Uint8Array>
  /** Frees what it takes; harmless a second time. */
  discard(): Promise<void>
}

/** Takes a body as it comes in. */
export interface BodySink {
  /** @throws GatewayError `body_too_large` or `gateway_overloaded`: then the sink is empty and of no more use. */
  write(chunk: Uint8Array): Promise<void>
  end(): KeptBody
  discard(): Promise<void>
}

/** @param salt of the exchange. */
export type OpenSink = (salt: Uint8Array, maxBytes: number) => BodySink

/** Name and value of a header field, as it is sent. */
export type Field = readonly [name: string, value: string]

/** What a door that passes messages whole adds to an inbound request. */
export interface WholeRequest {
  /** Fields of the message, in order. */
  readonly fields: readonly Field[]
  /** As it came, without `?`. */
  readonly query: string | undefined
  /** Receives the body, which is left on the connection until access is decided; undefined where there is none. */
  receive(maxBytes: number): Promise<KeptBody | undefined>
}

/** A provider's answer, received whole. */
export interface WholeReply {
  readonly status: number
  readonly fields: readonly Field[]
  readonly body: KeptBody
}
