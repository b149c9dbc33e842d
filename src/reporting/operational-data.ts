import type { ExchangeRecord } from '../ledger/record.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import { memberOf, serviceCodeOf, type XroadNames } from '../registry/xroad-names.ts'

/**
 * X-Road's operational data record (PR-OPMON 1.6, annex B), made of a record of the log. What is not known, or is of a
 * person (messageUserId, messageIssue), is left out, as X-Road leaves out what it does not know.
 */
export interface OperationalRecord {
  /** Unix seconds of the record. */
  readonly monitoringDataTs: number
  readonly securityServerInternalIp?: string | undefined
  /** `Client` where a hub's Security Server is the provider's, else `Producer`: here one record is both ends. */
  readonly securityServerType: 'Client' | 'Producer'
  /** Unix milliseconds. */
  readonly requestInTs: number
  readonly requestOutTs: number
  readonly responseInTs: number
  readonly responseOutTs: number
  readonly clientXRoadInstance?: string | undefined
  readonly clientMemberClass?: string | undefined
  readonly clientMemberCode?: string | undefined
  readonly clientSubsystemCode?: string | undefined
  readonly serviceXRoadInstance?: string | undefined
  readonly serviceMemberClass?: string | undefined
  readonly serviceMemberCode?: string | undefined
  readonly serviceSubsystemCode?: string | undefined
  readonly serviceCode: string
  readonly serviceVersion?: string | undefined
  readonly restMethod?: string | undefined
  /** The operation's path template: what was really asked for may name a person. */
  readonly restPath?: string | undefined
  readonly representedPartyClass?: string | undefined
  readonly representedPartyCode?: string | undefined
  readonly messageId: string
  /** Never told: a person. */
  readonly messageUserId?: undefined
  /** Never told: a case is of a person. */
  readonly messageIssue?: undefined
  readonly messageProtocolVersion?: string | undefined
  readonly clientSecurityServerAddress: string
  readonly serviceSecurityServerAddress: string
  /** Bytes of the bodies. */
  readonly requestSize?: number | undefined
  /** There is no MIME here, and nothing attached. */
  readonly requestMimeSize?: undefined
  readonly requestAttachmentCount: 0
  readonly responseSize?: number | undefined
  readonly responseMimeSize?: undefined
  readonly responseAttachmentCount: 0
  readonly succeeded: boolean
  readonly statusCode?: number | undefined
  readonly serviceType?: 'REST' | 'OPENAPI3' | undefined
  readonly faultCode?: string | undefined
  readonly faultString?: string | undefined
  readonly xRoadVersion: string
  readonly xRequestId: string
}

/** Every field a caller may name in `outputField`. */
export const OPERATIONAL_FIELDS = [
  'monitoringDataTs',
  'securityServerInternalIp',
  'securityServerType',
  'requestInTs',
  'requestOutTs',
  'responseInTs',
  'responseOutTs',
  'clientXRoadInstance',
  'clientMemberClass',
  'clientMemberCode',
  'clientSubsystemCode',
  'serviceXRoadInstance',
  'serviceMemberClass',
  'serviceMemberCode',
  'serviceSubsystemCode',
  'serviceCode',
  'serviceVersion',
  'restMethod',
  'restPath',
  'representedPartyClass',
  'representedPartyCode',
  'messageId',
  'messageUserId',
  'messageIssue',
  'messageProtocolVersion',
  'clientSecurityServerAddress',
  'serviceSecurityServerAddress',
  'requestSize',
  'requestMimeSize',
  'requestAttachmentCount',
  'responseSize',
  'responseMimeSize',
  'responseAttachmentCount',
  'succeeded',
  'statusCode',
  'serviceType',
  'faultCode',
  'faultString',
  'xRoadVersion',
  'xRequestId',
] as const satisfies readonly (keyof OperationalRecord)[]
export type OperationalField = (typeof OPERATIONAL_FIELDS)[number]

/** What a record of the log is told with. */
export interface OperationalGround {
  readonly registry: Registry
  readonly names: XroadNames
  readonly instance: string
  /** The gateway's own, told to those who may see all exchanges. */
  readonly internalIp: string | undefined
  /** Host of the gateway. */
  readonly address: string
  readonly version: string
  /** An error of the gateway in X-Road's words. */
  readonly faultOf: (code: string, service: string) => { readonly code: string; readonly message: string }
}

const MAX_FAULT = 2048

function hostOf({ binding }: Service): string | undefined {
  if (binding?.hub?.protocol !== 'xroad') return undefined
  return new URL(binding.baseUrl).host
}

/** A wildcard of a service without a contract is no method. */
function restOf(service: CompiledService | undefined, operation: string | undefined) {
  const found = operation === undefined ? undefined : service?.contract.operations.get(operation)
  if (found === undefined) return {}
  return { restMethod: found.method === '*' ? undefined : found.method, restPath: found.pathTemplate }
}

/** Metaservices are recorded as `xroad` with what was asked as operation. */
function codeOf({ service, operation }: ExchangeRecord): string {
  if (service === 'xroad') return operation ?? service
  return service.split('/').length === 4 ? serviceCodeOf(service as ServiceId) : service
}

/** @returns the record as X-Road's collectors read it. */
export function toOperationalRecord(record: ExchangeRecord, ground: OperationalGround): OperationalRecord {
  const { registry, names, instance } = ground
  const { exchange, receivedAt, at, answer, request, xroad, code } = record
  const service = registry.services.get(record.service as ServiceId)
  const [clientInstance, clientClass, clientMember, clientSubsystem] =
    names.nameOf(record.consumer as SubsystemId) ?? []
  const provider = record.provider === undefined ? undefined : names.nameOf(record.provider as SubsystemId)
  const party =
    xroad?.representedParty === undefined ? undefined : registry.agencies.get(xroad.representedParty)
  const [partyClass, partyCode] = party ? memberOf(party) : []
  // Nothing was sent on: as X-Road does for its own metaservices, out is in.
  const outMs = record.askedMs === undefined ? receivedAt : Math.min(receivedAt + record.askedMs, at)
  const hub = service && hostOf(service.document)
  const serviceCode = codeOf(record)
  const fault =
    code === undefined
      ? undefined
      : ground.faultOf(code, `SERVICE:${[...(provider ?? []), serviceCode].join('/')}`)
  return {
    monitoringDataTs: Math.floor(at / 1000),
    securityServerInternalIp: ground.internalIp,
    securityServerType: hub === undefined ? 'Producer' : 'Client',
    requestInTs: receivedAt,
    requestOutTs: outMs,
    responseInTs: Math.min(outMs + (record.providerMs ?? 0), at),
    responseOutTs: at,
    clientXRoadInstance: clientInstance,
    clientMemberClass: clientClass,
    clientMemberCode: clientMember,
    clientSubsystemCode: clientSubsystem,
    serviceXRoadInstance: provider?.[0],
    serviceMemberClass: provider?.[1],
    serviceMemberCode: provider?.[2],
    serviceSubsystemCode: provider?.[3],
    serviceCode,
    serviceVersion: /\/(v\d+)$/.exec(record.service)?.[1],
    ...(hub === undefined ? restOf(service, record.operation) : {}),
    representedPartyClass: partyClass,
    representedPartyCode: partyCode,
    messageId: xroad?.messageId ?? `${instance}-${exchange}`,
    messageProtocolVersion: xroad && '1',
    clientSecurityServerAddress: ground.address,
    serviceSecurityServerAddress: hub ?? ground.address,
    requestSize: request?.bytes,
    requestAttachmentCount: 0,
    responseSize: answer?.bytes,
    responseAttachmentCount: 0,
    succeeded: record.outcome === 'delivered' && (answer?.status ?? 0) < 400,
    statusCode: answer?.status,
    serviceType: service && (service.contract.isOpaque === true ? 'REST' : 'OPENAPI3'),
    faultCode: fault?.code,
    faultString: fault?.message.slice(0, MAX_FAULT),
    xRoadVersion: ground.version,
    xRequestId: exchange,
  }
}
