import type { Server } from 'node:http'
import { isIP } from 'node:net'
import type { Hosts } from './gate.ts'
import { createServer, type ServerParts } from './server.ts'

interface ManagementServerParts extends Omit<ServerParts, 'hosts' | 'publicUrl'> {
  /** Names given by the settings. */
  readonly names: readonly string[]
  /** Under which readers reach it, where the settings say so. */
  readonly publicUrl: string | undefined
}

/**
 * Any IP address means this listener: probes and scrapers reach containers by them. A name has to be known, since
 * a web page could have its own name point here and then read figures with the operator's browser.
 */
export function managementHosts(names: readonly string[], publicUrl: string | undefined): Hosts {
  const known = new Set(names.map((name) => name.toLowerCase()))
  if (publicUrl !== undefined) known.add(new URL(publicUrl).host)
  return {
    has(host) {
      const name = host.replace(/:\d{1,5}$/, '')
      return known.has(host) || name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
    },
  }
}

/**
 * The server of the management listener, for operators' systems and readers of the log, never for consumers:
 * behind the same gate and limits as the other. It is not yet listening.
 */
export function createManagementServer({ names, publicUrl, ...parts }: ManagementServerParts): Server {
  const hosts = managementHosts(names, publicUrl)
  return createServer({ ...parts, hosts: () => hosts, publicUrl: () => '' })
}
