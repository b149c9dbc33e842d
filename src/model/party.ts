import type { Bilingual, ServiceId, SubsystemId } from './identifier.ts'
import type { EncryptionJwk } from './package.ts'
import type { Plan } from './plan.ts'
import type { SecretReference } from './secret.ts'
import type { SoapMapping } from './soap.ts'
import type { SqlMapping } from './sql.ts'

/** A span of days, both ends included, `yyyy-mm-dd` in Vietnam's time; open where an end is absent. */
export interface Validity {
  readonly from: string
  readonly until?: string
}

/** An organisation. Ministries merge and are renamed: old codes live on as aliases and successors. */
export interface Agency {
  readonly kind: 'Agency'
  readonly code: string
  readonly aliases?: readonly string[]
  readonly name: Bilingual
  readonly validity: Validity
  readonly successor?: string
  /** Of a company: X-Road knows it by this, class `COM`, in place of its code. */
  readonly taxCode?: string
}

/** A public key in JWK form (RFC 7517); only public members are admitted. */
export interface PublicJwk {
  readonly kty: 'EC' | 'RSA' | 'OKP'
  readonly kid: string
  readonly alg: 'ES256' | 'PS256' | 'EdDSA' | 'Ed25519'
  readonly use?: 'sig'
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/** A client of a foreign issuer: `iss` and `client_id` of its tokens. */
export interface ForeignClient {
  readonly issuer: string
  readonly clientId: string
}

/** The hosts that a subsystem takes events on. */
export interface WebhookHosts {
  /** `host` or `host:port`. */
  readonly hosts: readonly string[]
  /** Loopback and private addresses, and plain `http:` to them, are refused unless this says otherwise. */
  readonly allowPrivateAddress?: boolean
  /** PEM certificates of the authorities to trust in place of the well-known ones. */
  readonly ca?: string
}

/** An information system of an agency: it authenticates, asks and answers. */
export interface Subsystem {
  readonly kind: 'Subsystem'
  readonly id: SubsystemId
  readonly name: Bilingual
  readonly state: 'active' | 'suspended'
  /** Information-security level 1–5 (NĐ 85/2016). */
  readonly securityLevel: number
  readonly contact: string
  readonly credentials?: {
    /** Keys that sign client assertions (RFC 7523). */
    readonly jwks?: readonly PublicJwk[]
    /** SHA-256 thumbprints of client certificates, base64url (RFC 8705 §3.1 `x5t#S256`). */
    readonly certificates?: readonly string[]
    /** What the subsystem is called by foreign issuers whose tokens the gateway takes. */
    readonly foreignClients?: readonly ForeignClient[]
    /** Packages for the subsystem are encrypted to it. */
    readonly encryptionKey?: EncryptionJwk
  }
  /** Where the gateway may push events to; nowhere where absent. */
  readonly webhooks?: WebhookHosts
  /** Only honoured where the gateway itself runs in sandbox mode. */
  readonly sandbox?: { readonly bearerTokens: boolean }
  /** Its own codes, by list (`dossier-status`): which national code each stands for. */
  readonly codes?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** How it speaks X-Road. */
  readonly xroad?: SubsystemXroad
  /** Why it is suspended, for those who ask it. */
  readonly notice?: Bilingual
  /** While it lasts nothing of this subsystem is asked. */
  readonly maintenance?: Maintenance
}

/** What the X-Road door knows of a subsystem. */
export interface SubsystemXroad {
  /**
   * How a connection proves that it is the subsystem's: `mtls` by a registered certificate, the default; `https`
   * and `http` by nothing but coming from one of `addresses`.
   */
  readonly connection?: 'mtls' | 'https' | 'http'
  /** Addresses and CIDR ranges it may connect from without a certificate. */
  readonly addresses?: readonly string[]
  /** How it is told of errors, where it differs from the door's own way. */
  readonly errors?: XroadErrorStyle
}

/** Honest statuses, or X-Road's own with codes as before 7.8 (`camel`) or from 7.8 on (`snake`). */
export type XroadErrorStyle = 'honest' | 'camel' | 'snake'

/** A time announced in which something does not answer; RFC 3339. */
export interface Maintenance {
  readonly from: string
  readonly until: string
  readonly notice: Bilingual
}

/**
 * The national hub a provider stands behind, and until when it will: moving from one hub to the next is a change of
 * the registry, and what has moved can be listed.
 */
export interface Hub {
  /** Short name, e.g. `vdxp`. */
  readonly name: string
  /** Last day, Vietnam's time, on which it is to be used; `yyyy-mm-dd`. */
  readonly until?: string
  /** `xroad`: a Security Server; `adapter`: the platform's REST adapter; `direct`: nothing to be said to it. */
  readonly protocol: 'xroad' | 'adapter' | 'direct'
  /** `xroad`: who the gateway is there, `I/C/M/S`. */
  readonly client?: string
  /** `xroad`: `I/C/M/S/code`; `adapter`: the destination, `I:C:M:S`. */
  readonly service?: string
  /** `adapter`: the provider's address behind it. */
  readonly providerUrl?: string
}

/** How the gateway reaches a provider. */
export interface Binding {
  readonly hub?: Hub
  readonly baseUrl: string
  /** Whole time for one exchange with the provider, retries included. */
  readonly timeoutMs: number
  /** Further tries of an idempotent operation inside `timeoutMs`. */
  readonly retries?: number
  /** Exchanges in flight at once in one process; one more is refused at once. */
  readonly maxConcurrent?: number
  readonly maxResponseBytes?: number
  /** Of messages that are passed whole. */
  readonly maxRequestBytes?: number
  readonly tls?: {
    readonly ca?: string
    readonly certificate?: SecretReference
    readonly key?: SecretReference
  }
  /** A header the provider asks for, e.g. an API key. */
  readonly credential?: { readonly header: string; readonly secret: SecretReference }
  /** Loopback and private addresses are refused unless this says otherwise. */
  readonly allowPrivateAddress?: boolean
  readonly maintenance?: Maintenance
  /** Of a provider that speaks SOAP: how the contract is said to it. */
  readonly soap?: SoapMapping
  /** Of an agency that has only a database: the base URL is `postgresql://` or `mariadb://host:port/database`. */
  readonly sql?: SqlMapping
}

/** A version that is being given up: its consumers are told in each answer. Days are Vietnam's, `yyyy-mm-dd`. */
export interface Deprecation {
  /** From when nobody should begin to use it. */
  readonly from: string
  /** The last day on which it is sure to answer. */
  readonly sunset?: string
  /** What to use instead. */
  readonly successor?: ServiceId
  /** What changes, for its consumers' developers. */
  readonly notice?: Bilingual
}

/** Something a provider answers. */
export interface Service {
  readonly kind: 'Service'
  readonly id: ServiceId
  readonly name: Bilingual
  readonly state: 'active' | 'suspended'
  /** Why it is suspended, for those who ask. */
  readonly notice?: Bilingual
  readonly deprecation?: Deprecation
  /** Path of the OpenAPI document below the schemas folder, e.g. `services/G01/dan-cu/cong-dan.v1.yaml`. */
  readonly contract?: string
  /** Of a service whose messages are passed whole, in place of a contract: from the particular to the general. */
  readonly endpoints?: readonly Endpoint[]
  /** How its provider is reached; absent of a composite service, which has a plan instead. */
  readonly binding?: Binding
  readonly plan?: Plan
  /** By operation id, of each operation whose kind is `request`: when its results are due. */
  readonly results?: Readonly<Record<string, ResultTerms>>
}

/** When the results of a `request` operation are due; days are working days by the registry's calendars. */
export interface ResultTerms {
  /** From the day of receipt, which does not count. */
  readonly withinWorkingDays: number
  /** Days before the due day on which the provider is asked again; from the due day on it is asked daily. */
  readonly remindWorkingDaysBefore?: readonly number[]
  /** Days after the due day until which a result is taken. */
  readonly closeAfterWorkingDays: number
  /** Days for which the result can be fetched. */
  readonly keepDays: number
  /** How often the provider is asked whether it is done; never between reminders where absent. */
  readonly askEveryMinutes?: number
}

/** A method and the paths of a service without a contract. */
export interface Endpoint {
  /** By which agreements open it. */
  readonly id: string
  /** `*` is any. */
  readonly method: string
  /** `/` first; `*` is any run without `/`, `**` anything, `\\*` the character itself. */
  readonly path: string
  readonly kind: 'lookup' | 'verify' | 'submit'
  readonly title?: Bilingual
}
