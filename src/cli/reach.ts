import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Reached {
  readonly ms: number
  /** Of the certificate shown, Unix milliseconds. */
  readonly notAfterMs?: number
  readonly protocol?: string
}

/** Where a provider listens whose address names no port. */
const PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'postgresql:': 5432,
  'mariadb:': 3306,
}

interface Target {
  readonly url: URL
  /** PEM certificates of authorities to trust in place of the well-known ones. */
  readonly ca?: string | undefined
  readonly timeoutMs: number
}

/**
 * Opens a connection, with its handshake where the address is `https:`, and closes it again.
 * @throws the system's or OpenSSL's error, or one with code `ETIMEDOUT`.
 */
export function reach({ url, ca, timeoutMs }: Target): Promise<Reached> {
  const isTls = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (PORTS[url.protocol] ?? 0)
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const socket = isTls
      ? // An address is no server name (RFC 6066 §3).
        connectTls({
          host,
          port,
          ...(isIP(host) === 0 && { servername: host }),
          ...(ca !== undefined && { ca }),
        })
      : connect({ host, port })
    const end = (settle: () => void) => {
      socket.destroy()
      settle()
    }
    socket.setTimeout(timeoutMs, () =>
      end(() => reject(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }))),
    )
    socket.once('error', (error) => end(() => reject(error)))
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      const ms = performance.now() - startedMs
      if (!('getPeerCertificate' in socket)) return end(() => resolve({ ms }))
      const notAfterMs = Date.parse(socket.getPeerCertificate().valid_to)
      const protocol = socket.getProtocol() ?? ''
      end(() => resolve({ ms, notAfterMs, protocol }))
    })
  })
}
