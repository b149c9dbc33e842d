import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Gateway } from '../gateway.ts'
import { createManagementServer } from '../http/management.ts'
import { createOperationsRouter } from '../http/operations.ts'
import { createSandboxControl } from '../http/sandbox.ts'
import type { LogKeeping } from '../log-keeping.ts'
import type { Settings } from '../settings.ts'
import { assessReadiness, type NamedFinding, type ReadinessCheck } from '../telemetry/health.ts'
import type { MetricsPage } from '../telemetry/metrics-page.ts'
import { type ProviderCircuit, providersCheck } from '../telemetry/readiness.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { SandboxSide } from './sandbox-tools.ts'

interface ManagementParts {
  readonly sandbox: SandboxSide
  readonly keeping: LogKeeping
  readonly settings: Settings
  readonly page: MetricsPage
  readonly checks: readonly ReadinessCheck[]
  readonly telemetry: Telemetry
  readonly gateway: Gateway
}

/** What the console's page of the gateway's state shows. */
interface GatewayStatus {
  readonly checks: readonly NamedFinding[]
  readonly circuits: readonly ProviderCircuit[]
}

/** The circuit breakers of all processes, from the page that is scraped. */
function circuitsOf(page: string): GatewayStatus['circuits'] {
  const lines = page.matchAll(/^lienthong_breaker_state\{([^}]*)\} ([1-9]\d*)$/gm)
  return [...lines].map(([, labels = '']) => {
    const label = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? ''
    return { provider: label('service') || label('provider'), state: label('state') }
  })
}

/** The listener of operators' systems; it shares nothing with the consumers' one. */
export async function startManagement(
  parts: ManagementParts,
): Promise<{ url: string; server: Server; status: () => Promise<GatewayStatus> }> {
  const { settings, page, keeping, telemetry, gateway, sandbox } = parts
  const checks = [...parts.checks, ...keeping.checks]
  const circuits = async () => circuitsOf((await page.render('text')).body)
  const remarks = [providersCheck(circuits)]
  const { internalError: onInternalError, request: onRequest } = telemetry
  const control = { publicUrl: () => '', onInternalError, onRequest }
  const server = createManagementServer({
    ...gateway.edge,
    routers: [
      createOperationsRouter({ page, checks, remarks, onInternalError: telemetry.internalError }),
      keeping.router,
      gateway.audit,
      ...(sandbox.tools ? [createSandboxControl({ ...control, tools: sandbox.tools })] : []),
    ],
    names: settings.management.hosts,
    publicUrl: settings.management.publicUrl,
    limits: settings.limits,
    onInternalError: telemetry.internalError,
    onRefusal: telemetry.request,
    onCut: telemetry.connectionCut,
    clock: () => performance.now(),
  })
  const { host, port } = settings.management
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const status = async () => ({
    checks: (await assessReadiness(checks)).checks,
    circuits: await circuits(),
  })
  return { url: `http://${host}:${address.port}`, server, status }
}
